/* What a sender wants to be told about his message (RFC 3461): values of the parameters NOTIFY, RET, ENVID and ORCPT. */
#ifndef SMTP_DSN_H
#define SMTP_DSN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

/* Bits; 0: nothing was said, which is FAILURE.  Stored: numbers never change. */
enum smtp_notify {
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8,
    SMTP_NOTIFY_ALL = 15,
};

/* Stored: numbers never change. */
enum smtp_return { SMTP_RETURN_ANY, SMTP_RETURN_FULL, SMTP_RETURN_HEADERS };

enum { SMTP_ENVELOPE_ID_MAX = 100, SMTP_ORIGINAL_MAX = 500 }; /* bytes, in xtext */

/* "NEVER", or some of SUCCESS, FAILURE and DELAY, each once (RFC 3461 4.1). */
bool smtp_notify_parse(struct span value, uint8_t *notify);
/* Appends what smtp_notify_parse() reads; notify is not 0. */
void smtp_notify_put(struct buf *out, uint8_t notify);
bool smtp_return_parse(struct span value, uint8_t *returns);

/* ENVID (4.4): xtext of printable ASCII, 1 to SMTP_ENVELOPE_ID_MAX bytes. */
bool smtp_envelope_id_is_valid(struct span value);
/* ORCPT (4.2): a type, a semicolon, and the address in xtext; at most SMTP_ORIGINAL_MAX bytes. */
bool smtp_original_is_valid(struct span value);
/* The same with bytes of valid UTF-8 in an address of the type utf-8 (RFC 6533 3). */
bool smtp_original_is_valid_utf8(struct span value);
/* Appends s with characters beyond ASCII, and those of special, as \x{HEX} (utf-8-addr-xtext of RFC 6533 3). */
void smtp_utf8_put_ascii(struct buf *out, struct span s, const char *special);

/* Appends what valid xtext (4) stands for. */
void smtp_xtext_decode(struct buf *out, struct span xtext);

#endif
