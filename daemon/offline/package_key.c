/* Keys by libcrypto. */
#define _GNU_SOURCE /* fdopen, O_CLOEXEC */
#include "daemon/offline/package_key.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/package/signed_text.h"

static int write_private(FILE *file, EVP_PKEY *key)
{
    return PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
}

static int write_public(FILE *file, EVP_PKEY *key)
{
    return PEM_write_PUBKEY(file, key);
}

static bool write_file(const char *path, mode_t mode, EVP_PKEY *key, int (*write)(FILE *, EVP_PKEY *),
                       struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        error_set_errno(error, "%s", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool written = write(file, key) == 1;
    written = fclose(file) == 0 && written;
    return written || error_set_errno(error, "%s", path);
}

bool package_key_make(const char *name, struct error *error)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct buf secret = {0}, public = {0};
    buf_printf(&secret, "%s.key", name);
    buf_printf(&public, "%s.pub", name);
    bool made = key || error_set(error, "libcrypto makes no Ed25519 key");
    made = made && write_file(buf_text(&secret), 0600, key, write_private, error) &&
           write_file(buf_text(&public), 0644, key, write_public, error);
    buf_free(&secret);
    buf_free(&public);
    EVP_PKEY_free(key);
    return made;
}

EVP_PKEY *package_key_read(const char *path, struct error *error)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        error_set_errno(error, "%s", path);
        return NULL;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519)
        return key;
    EVP_PKEY_free(key);
    error_set(error, "%s: is no Ed25519 private key in PEM form", path);
    return NULL;
}

struct trust_store *package_key_trust(const char *path, struct error *error)
{
    unsigned char raw[TRUST_KEY_BYTES];
    size_t size = sizeof raw;
    EVP_PKEY *key = package_key_read(path, error);
    if (!key)
        return NULL;
    if (EVP_PKEY_get_raw_public_key(key, raw, &size) != 1)
        abort();
    EVP_PKEY_free(key);
    return trust_store_of_key(path, raw);
}

bool package_key_sign(EVP_PKEY *key, struct span message, struct buf *out, struct error *error)
{
    unsigned char signature[TRUST_SIGNATURE_BYTES];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &size, (const unsigned char *)message.p, message.n) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        return error_set(error, "libcrypto cannot sign");
    signed_text_put_signature(out, signature);
    return true;
}

bool package_key_sign_by(const char *path, struct buf *text, struct error *error)
{
    EVP_PKEY *key = package_key_read(path, error);
    bool good = key && package_key_sign(key, buf_span(text), text, error);
    EVP_PKEY_free(key);
    return good;
}
