/* SHA-256 of something that comes in pieces. */
#ifndef STORES_DIGEST_H
#define STORES_DIGEST_H

#include <openssl/evp.h>

#include "engine/base/span.h"

enum { DIGEST_BYTES = 32, DIGEST_HEX = 65 };

EVP_MD_CTX *digest_begin(void);
void digest_add(EVP_MD_CTX *digest, struct span piece);
/* Frees digest. */
void digest_end(EVP_MD_CTX *digest, uint8_t sha256[DIGEST_BYTES]);
void digest_hex(const uint8_t sha256[DIGEST_BYTES], char hex[DIGEST_HEX]);

#endif
