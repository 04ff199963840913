/* Parameters of structured header values: "type; name=value; name*0*=charset'lang'value" (RFC 2045, 2231). */
#ifndef MIME_PARAMETER_H
#define MIME_PARAMETER_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"

/* The bytes of the parameter of that name, unquoted; empty when there is none.  They are part of value or in
 * arena.  Meant for tokens: an unquoted one ends at a blank. */
struct span mime_parameter_token(struct span value, struct span name, struct arena *arena);

/* The same as readable text, at most 1 KiB of valid UTF-8: the parts of RFC 2231 joined and converted,
 * otherwise with RFC 2047 words decoded, which is wrong there but common. */
struct span mime_parameter_text(struct span value, struct span name, struct arena *arena);

#endif
