/* SHA-256 by libcrypto, which fails only when there is no SHA-256 at all. */
#include "daemon/stores/digest.h"

#include <stdio.h>
#include <stdlib.h>

EVP_MD_CTX *digest_begin(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        abort();
    return digest;
}

void digest_add(EVP_MD_CTX *digest, struct span piece)
{
    if (EVP_DigestUpdate(digest, piece.p, piece.n) != 1)
        abort();
}

void digest_end(EVP_MD_CTX *digest, uint8_t sha256[DIGEST_BYTES])
{
    if (EVP_DigestFinal_ex(digest, sha256, NULL) != 1)
        abort();
    EVP_MD_CTX_free(digest);
}

void digest_hex(const uint8_t sha256[DIGEST_BYTES], char hex[DIGEST_HEX])
{
    for (int i = 0; i < DIGEST_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
}
