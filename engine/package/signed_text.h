/* A text that is signed, before whatever else a file holds:
 *
 *     KIND\n                    says what it is and in which format
 *     WORD WORD...\n            as many lines as there are
 *     \n
 *     signature HEX\n           Ed25519, 128 digits, of all bytes before this line
 *     anything
 *
 * Nothing here is to be trusted until signed_text_verify() said so.
 */
#ifndef PACKAGE_SIGNED_TEXT_H
#define PACKAGE_SIGNED_TEXT_H

#include "engine/base/buf.h"
#include "engine/trust/trust.h"

enum { SIGNED_TEXT_MAX = 64 * 1024, SIGNED_WORDS_MAX = 8 };

struct signed_text {
    struct span message; /* what is signed */
    struct span lines;   /* between the first and the empty one */
    unsigned char signature[TRUST_SIGNATURE_BYTES];
    struct span rest;
};

/* Spans point into file.  False, with the reason, when it is not of this kind or has no signature. */
bool signed_text_read(struct span file, struct span kind, struct signed_text *text, struct error *error);
/* Whether a trusted key signed it; key_name as in trust.h. */
bool signed_text_verify(const struct signed_text *text, const struct trust_store *trust,
                        const char **key_name, struct error *error);
/* Appends the signature line that goes behind a message. */
void signed_text_put_signature(struct buf *out, const unsigned char signature[TRUST_SIGNATURE_BYTES]);

/* Takes the next line off *lines and splits it at single blanks; returns the number of words, 0 at the end or when it
 * has more than SIGNED_WORDS_MAX. */
size_t signed_text_words(struct span *lines, struct span words[SIGNED_WORDS_MAX]);
/* Name of a file without a folder: [a-z0-9][a-z0-9._-]*, at most 64 bytes. */
bool signed_text_is_name(struct span text);

#endif
