/* Ed25519 by libcrypto; the folder is read once. */
#define _GNU_SOURCE /* O_CLOEXEC, scandir */
#include "engine/trust/trust.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/base/xalloc.h"

enum { KEY_FILE_MAX = 4096 };

struct trusted_key {
    char *name;
    EVP_PKEY *key;
};

struct trust_store {
    struct trusted_key keys[TRUST_KEYS_MAX];
    size_t count;
};

static const struct span KEY_FILE_END = {".pub", 4};

static int is_key_file(const struct dirent *entry)
{
    struct span name = span_text(entry->d_name);
    return entry->d_name[0] != '.' && name.n > KEY_FILE_END.n &&
           span_equal(span_slice(name, name.n - KEY_FILE_END.n, KEY_FILE_END.n), KEY_FILE_END);
}

/* NULL when it is none, or one of another kind. */
static EVP_PKEY *key_of_text(const char *text, size_t size)
{
    BIO *memory = BIO_new_mem_buf(text, (int)size);
    if (!memory)
        abort();
    EVP_PKEY *key = PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL);
    BIO_free(memory);
    if (key && EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static bool load_key(struct trust_store *store, const char *dir, const char *file, struct error *error)
{
    char path[4096], text[KEY_FILE_MAX];
    if (snprintf(path, sizeof path, "%s/%s", dir, file) >= (int)sizeof path)
        return error_set(error, "%s: the path is too long", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (size < 0)
        error_set_errno(error, "%s", path);
    if (fd >= 0)
        close(fd);
    if (size < 0)
        return false;
    EVP_PKEY *key = key_of_text(text, (size_t)size);
    if (!key)
        return error_set(error, "%s: is no Ed25519 public key in PEM form", path);
    store->keys[store->count++] =
        (struct trusted_key){.name = xmemdup0(file, strlen(file) - KEY_FILE_END.n), .key = key};
    return true;
}

struct trust_store *trust_store_empty(void)
{
    return xcalloc(1, sizeof(struct trust_store));
}

struct trust_store *trust_store_of_key(const char *name, const unsigned char key[TRUST_KEY_BYTES])
{
    struct trust_store *store = trust_store_empty();
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, TRUST_KEY_BYTES);
    if (!public)
        abort();
    store->keys[store->count++] = (struct trusted_key){.name = xmemdup0(name, strlen(name)), .key = public};
    return store;
}

struct trust_store *trust_store_load(const char *dir, struct error *error)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, is_key_file, alphasort);
    if (count < 0) {
        error_set_errno(error, "%s", dir);
        return NULL;
    }
    struct trust_store *store = trust_store_empty();
    bool ok = count <= TRUST_KEYS_MAX || error_set(error, "%s: more than %d keys", dir, TRUST_KEYS_MAX);
    for (int i = 0; i < count; i++) {
        ok = ok && load_key(store, dir, entries[i]->d_name, error);
        free(entries[i]);
    }
    free(entries);
    if (!ok) {
        trust_store_free(store);
        return NULL;
    }
    return store;
}

void trust_store_free(struct trust_store *store)
{
    for (size_t i = 0; store && i < store->count; i++) {
        EVP_PKEY_free(store->keys[i].key);
        free(store->keys[i].name);
    }
    free(store);
}

size_t trust_store_count(const struct trust_store *store)
{
    return store->count;
}

static bool signed_by(EVP_PKEY *key, struct span message, struct span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        abort();
    bool good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.n,
                                 (const unsigned char *)message.p, message.n) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool trust_store_verify(const struct trust_store *store, struct span message, struct span signature,
                        const char **key_name)
{
    if (signature.n != TRUST_SIGNATURE_BYTES)
        return false;
    for (size_t i = 0; i < store->count; i++) {
        if (!signed_by(store->keys[i].key, message, signature))
            continue;
        if (key_name)
            *key_name = store->keys[i].name;
        return true;
    }
    return false;
}
