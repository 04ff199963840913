/* Feature keys: what a signer grants to a gateway, as one line of text (R25).
 *
 * The line is the base64 (RFC 4648 4) of a signed text:
 *
 *     mailward-feature-key 1
 *     feature antispam
 *     serial mx.example.com         or any
 *     begins 2026-11-22             at 0:00 UTC
 *     days 365                      or perpetual
 *
 *     signature HEX
 */
#ifndef PACKAGE_FEATURE_KEY_H
#define PACKAGE_FEATURE_KEY_H

#include "engine/base/buf.h"
#include "engine/trust/trust.h"

enum {
    FEATURE_NAME_MAX = 32,
    FEATURE_SERIAL_MAX = 255,
    FEATURE_DAYS_MAX = 36500,
    FEATURE_KEY_TEXT_MAX = 4096, /* bytes of the line */
};

#define FEATURE_ENDS_NEVER INT64_MAX

struct feature_key {
    char feature[FEATURE_NAME_MAX + 1];
    char serial[FEATURE_SERIAL_MAX + 1]; /* of the gateway it is for; "any" for all */
    int64_t begins, ends; /* wall, microseconds; ends: the first moment at which it is not valid */
};

/* The text that is signed, with the empty line at its end.  begins: YYYY-MM-DD; days 0: perpetual.  False, with the reason,
 * when a value cannot be in a key. */
bool feature_key_put(struct buf *out, const char *feature, const char *serial, const char *begins,
                     unsigned days, struct error *error);
/* Appends the line of a text with its signature, without a line end. */
void feature_key_put_line(struct buf *out, struct span signed_text);

/* Takes out blanks and line ends, which mail programs put into long lines. */
void feature_key_clean(struct buf *text);
/* Reads a line and checks its signature.  False, with the reason: it is none, was altered, or signed by nobody trusted. */
bool feature_key_read(struct span line, const struct trust_store *trust, struct feature_key *key,
                      struct error *error);

#endif
