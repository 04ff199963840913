/* What makes a package worth belief: in a file of its own, as who only reads one needs no libcrypto. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "engine/package/package.h"

bool signed_text_verify(const struct signed_text *text, const struct trust_store *trust,
                        const char **key_name, struct error *error)
{
    struct span signature = span_of(text->signature, sizeof text->signature);
    if (trust_store_verify(trust, text->message, signature, key_name))
        return true;
    if (trust_store_count(trust) == 0)
        return error_set(error, "cannot be checked: there is no trusted key");
    return error_set(error, "is signed by none of the trusted keys, or was altered");
}

void package_sha256(struct span bytes, char hex[PACKAGE_SHA256_HEX + 1])
{
    unsigned char digest[32];
    if (EVP_Digest(bytes.p ? bytes.p : "", bytes.n, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static bool has_digest(struct span bytes, struct span sha256)
{
    char hex[PACKAGE_SHA256_HEX + 1];
    package_sha256(bytes, hex);
    return span_equal(span_text(hex), sha256);
}

bool package_verify(const struct package *package, const struct trust_store *trust, const char **key_name,
                    struct error *error)
{
    if (!signed_text_verify(&package->text, trust, key_name, error))
        return false;
    for (size_t i = 0; i < package->member_count; i++) {
        const struct package_member *m = &package->members[i];
        if (!has_digest(m->content, m->sha256))
            return error_set(error, "has an altered member %.*s", (int)m->name.n, m->name.p);
    }
    return true;
}

bool package_is_offered(const struct package_offer *offer, struct span file, struct error *error)
{
    if (file.n != offer->size)
        return error_set(error, "has %zu bytes where the manifest says %llu", file.n,
                         (unsigned long long)offer->size);
    return has_digest(file, offer->sha256) || error_set(error, "is not the file that the manifest names");
}
