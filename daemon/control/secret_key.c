/* Keys and encryption by OpenSSL. */
#define _GNU_SOURCE /* O_NOFOLLOW */
#include "daemon/control/secret_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

enum { TAG_BYTES = 16, SCRYPT_N = 32768, SCRYPT_R = 8, SCRYPT_P = 1 };

static const char path[] = "config/secret.key", temporary[] = "config/secret.key.new";

/* ---- keys ---- */

static bool write_file(const struct secret_key *key)
{
    unlink(temporary); /* of a start that was cut short */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = write(fd, key->bytes, sizeof key->bytes) == (ssize_t)sizeof key->bytes && fsync(fd) == 0;
    close(fd);
    return good && rename(temporary, path) == 0;
}

static bool sync_folder(void)
{
    int fd = open("config", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool make_machine_key(struct secret_key *key, struct error *error)
{
    if (RAND_priv_bytes(key->bytes, sizeof key->bytes) != 1)
        return error_set(error, "no random bytes for %s", path);
    return (write_file(key) && sync_folder()) || error_set_errno(error, "cannot write %s", path);
}

bool secret_key_of_machine(struct secret_key *key, struct error *error)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return make_machine_key(key, error);
    if (fd < 0)
        return error_set_errno(error, "cannot read %s", path);
    ssize_t got = read(fd, key->bytes, sizeof key->bytes);
    close(fd);
    return got == (ssize_t)sizeof key->bytes ||
           error_set(error, "%s has not %d bytes: move it away, and a new one is made", path,
                     SECRET_KEY_BYTES);
}

bool secret_key_of_passphrase(struct secret_key *key, struct span passphrase,
                              const unsigned char salt[SECRET_SALT_BYTES], struct error *error)
{
    const uint64_t most_memory = 64 * 1024 * 1024;
    bool good = EVP_PBE_scrypt(passphrase.p, passphrase.n, salt, SECRET_SALT_BYTES, SCRYPT_N, SCRYPT_R,
                               SCRYPT_P, most_memory, key->bytes, sizeof key->bytes) == 1;
    ERR_clear_error();
    return good || error_set(error, "cannot make a key from the passphrase");
}

void secret_key_forget(struct secret_key *key)
{
    OPENSSL_cleanse(key->bytes, sizeof key->bytes);
}

bool secret_salt_make(unsigned char salt[SECRET_SALT_BYTES])
{
    return RAND_bytes(salt, SECRET_SALT_BYTES) == 1;
}

/* ---- BASE64 ---- */

void secret_base64_put(struct buf *out, struct span bytes)
{
    size_t size = 4 * ((bytes.n + 2) / 3);
    char *text = buf_reserve(out, size + 1); /* it adds a NUL */
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.p, (int)bytes.n);
    out->len += size;
}

bool secret_base64_get(struct buf *out, struct span text)
{
    if (text.n == 0 || text.n % 4 || text.n > INT32_MAX)
        return false;
    char *bytes = buf_reserve(out, text.n);
    int got = EVP_DecodeBlock((unsigned char *)bytes, (const unsigned char *)text.p, (int)text.n);
    if (got < 0)
        return false;
    for (size_t i = text.n; i > 0 && text.p[i - 1] == '='; i--)
        got--; /* it counts what only fills up */
    out->len += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* ---- secrets ---- */

/* from -> to of the same size, which is not 0; the tag is made, or asked for. */
static bool run_cipher(const struct secret_key *key, struct span what, struct span from, unsigned char *to,
                       unsigned char tag[TAG_BYTES], bool encrypt)
{
    EVP_CIPHER *siv = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int size;
    bool good = siv && ctx && EVP_CipherInit_ex2(ctx, siv, key->bytes, NULL, encrypt, NULL) == 1 &&
                (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1) &&
                EVP_CipherUpdate(ctx, NULL, &size, (const unsigned char *)what.p, (int)what.n) == 1 &&
                EVP_CipherUpdate(ctx, to, &size, (const unsigned char *)from.p, (int)from.n) == 1 &&
                EVP_CipherFinal_ex(ctx, to + size, &size) == 1 &&
                (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1);
    ERR_clear_error();
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(siv);
    return good;
}

bool secret_seal(const struct secret_key *key, struct span what, struct span text, struct buf *out)
{
    struct buf sealed = {0};
    unsigned char *bytes = (unsigned char *)buf_reserve(&sealed, TAG_BYTES + text.n);
    bool good = run_cipher(key, what, text, bytes + TAG_BYTES, bytes, true);
    if (good)
        secret_base64_put(out, span_of(bytes, TAG_BYTES + text.n));
    buf_free(&sealed);
    return good;
}

bool secret_unseal(const struct secret_key *key, struct span what, struct span sealed, struct buf *out)
{
    struct buf bytes = {0};
    bool good = secret_base64_get(&bytes, sealed) && bytes.len > TAG_BYTES;
    if (good) {
        size_t size = bytes.len - TAG_BYTES;
        struct span text = span_of(bytes.data + TAG_BYTES, size);
        char *to = buf_reserve(out, size);
        good = run_cipher(key, what, text, (unsigned char *)to, (unsigned char *)bytes.data, false);
        out->len += good ? size : 0;
    }
    buf_free(&bytes);
    return good;
}
