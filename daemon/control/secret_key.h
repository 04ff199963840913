/* Encryption of the secrets in configuration files.
 *
 * AES-256-SIV (RFC 5297): the same secret under the same key is the same text, so that two files can be compared, and
 * no number can be used twice by accident.  The key is this machine's own, or made from a passphrase.
 */
#ifndef CONTROL_SECRET_KEY_H
#define CONTROL_SECRET_KEY_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { SECRET_KEY_BYTES = 64, SECRET_SALT_BYTES = 16 };

struct secret_key {
    unsigned char bytes[SECRET_KEY_BYTES];
};

/* That of config/secret.key, which is made at first use. */
bool secret_key_of_machine(struct secret_key *key, struct error *error);
/* From a passphrase, by scrypt: about 32 MiB and a tenth of a second. */
bool secret_key_of_passphrase(struct secret_key *key, struct span passphrase,
                              const unsigned char salt[SECRET_SALT_BYTES], struct error *error);
void secret_key_forget(struct secret_key *key);

bool secret_salt_make(unsigned char salt[SECRET_SALT_BYTES]);
/* Appends bytes as one line of BASE64. */
void secret_base64_put(struct buf *out, struct span bytes);
/* Appends what they stand for; false when it is no BASE64. */
bool secret_base64_get(struct buf *out, struct span text);

/* Appends text encrypted, in BASE64; what is the place that it belongs to, without which it cannot be read. */
bool secret_seal(const struct secret_key *key, struct span what, struct span text, struct buf *out);
/* The reverse; false when key or place are others, or the text was changed. */
bool secret_unseal(const struct secret_key *key, struct span what, struct span sealed, struct buf *out);

#endif
