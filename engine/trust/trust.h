/* The keys that an instance trusts, and the check of what was signed with them (R25).
 *
 * A trust store is a folder of Ed25519 public keys (RFC 8032), a PEM file NAME.pub each (SubjectPublicKeyInfo,
 * RFC 8410).  Update packages and feature keys are verified against it.  What is signed begins with words that
 * say what it is, so that the signature of one kind never passes for one of another.
 */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

enum {
    TRUST_KEY_BYTES = 32,
    TRUST_SIGNATURE_BYTES = 64,
    TRUST_KEYS_MAX = 64,
};

struct trust_store;

/* The keys of all files in dir that end in .pub.  None is no error: such a store trusts nobody.  A folder or a
 * file that cannot be read, and a file that is no Ed25519 public key, is: NULL, and the text names it.  The
 * caller frees the store. */
struct trust_store *trust_store_load(const char *dir, struct error *error);

/* One that trusts nobody. */
struct trust_store *trust_store_empty(void);

/* One that trusts this public key alone. */
struct trust_store *trust_store_of_key(const char *name, const unsigned char key[TRUST_KEY_BYTES]);

/* Accepts NULL. */
void trust_store_free(struct trust_store *store);

size_t trust_store_count(const struct trust_store *store);

/* Whether signature is that of message by one of the keys.  key_name gets the name of its file without .pub,
 * which lives as long as the store; it may be NULL. */
bool trust_store_verify(const struct trust_store *store, struct span message, struct span signature,
                        const char **key_name);

#endif
