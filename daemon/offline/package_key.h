/* Private keys of those who sign: Ed25519, PEM (RFC 8410), in files that only their owner reads. */
#ifndef OFFLINE_PACKAGE_KEY_H
#define OFFLINE_PACKAGE_KEY_H

#include <openssl/evp.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/trust/trust.h"

/* Makes NAME.key (mode 0600) and NAME.pub.  False when one is there already, or cannot be written. */
bool package_key_make(const char *name, struct error *error);
/* NULL, with the reason, when path has no such key; the caller frees it. */
EVP_PKEY *package_key_read(const char *path, struct error *error);
/* What trusts this key alone; NULL, with the reason, when path has no such key; the caller frees it. */
struct trust_store *package_key_trust(const char *path, struct error *error);
/* Appends the signature line of the message. */
bool package_key_sign(EVP_PKEY *key, struct span message, struct buf *out, struct error *error);
/* Reads the key at path for that, and puts the line behind the text that it signs. */
bool package_key_sign_by(const char *path, struct buf *text, struct error *error);

#endif
