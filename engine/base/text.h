/* Bytes from the wire made safe to show: in logs, JSON and on terminals. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "engine/base/buf.h"
#include "engine/base/span.h"

/* Appends wire to out as valid UTF-8 without control characters.
 *
 * Valid UTF-8 is kept; each byte that is not part of it, and each control character (C0, DEL, C1), becomes
 * \xNN, so that no hostile Subject can lose its log row or write to a terminal.  At most limit bytes of wire
 * are taken; a cut is marked by "...". */
void text_from_wire(struct buf *out, struct span wire, size_t limit);

/* Length in bytes of the valid UTF-8 sequence at the start of s, or 0 when there is none (RFC 3629: no
 * surrogates, no overlong forms, nothing above U+10FFFF). */
size_t text_utf8_length(struct span s);

#endif
