/* The trust store: which signatures it takes, and which folders it refuses. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/trust/trust.h"

static char folder[] = "/tmp/mailward-trust-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    return (parent && chdir(parent) != 0) || !mkdtemp(folder) || chdir(folder) != 0;
}

static int clear_folder(void **state)
{
    (void)state;
    static const char *const files[] = {"a.pub", "b.pub", "notes.txt"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return chdir("/") != 0 || rmdir(folder) != 0;
}

/* RFC 8032 7.1, TEST 2: key, signature and the message 0x72. */
static const uint8_t rfc_key[32] = {0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
                                    0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
                                    0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c};
static const uint8_t rfc_signature[64] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
    0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
    0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
    0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};

static struct span good(void)
{
    return span_of(rfc_signature, sizeof rfc_signature);
}

static void write_key(const char *file, EVP_PKEY *key)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PUBKEY(f, key), 1);
    fclose(f);
    EVP_PKEY_free(key);
}

static void write_rfc_key(const char *file)
{
    write_key(file, EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, rfc_key, sizeof rfc_key));
}

static void write_text(const char *file, const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct trust_store *load(void)
{
    struct error error = {""};
    struct trust_store *store = trust_store_load(".", &error);
    assert_string_equal(error.text, "");
    assert_non_null(store);
    return store;
}

static void takes_what_one_of_its_keys_signed(void **state)
{
    (void)state;
    write_key("a.pub", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    write_rfc_key("b.pub");
    write_text("notes.txt", "is no key, and need not be one");
    struct trust_store *store = load();
    assert_int_equal(trust_store_count(store), 2);
    const char *name = NULL;
    assert_true(trust_store_verify(store, SPAN("\x72"), good(), &name));
    assert_string_equal(name, "b");
    assert_true(trust_store_verify(store, SPAN("\x72"), good(), NULL));
    trust_store_free(store);
}

static void refuses_what_was_altered(void **state)
{
    (void)state;
    write_rfc_key("a.pub");
    struct trust_store *store = load();
    assert_false(trust_store_verify(store, SPAN("\x73"), good(), NULL));
    assert_false(trust_store_verify(store, SPAN("\x72\x72"), good(), NULL));
    assert_false(trust_store_verify(store, SPAN(""), good(), NULL));
    assert_false(trust_store_verify(store, SPAN("\x72"), span_slice(good(), 0, 63), NULL));
    assert_false(trust_store_verify(store, SPAN("\x72"), SPAN(""), NULL));
    for (size_t bit = 0; bit < 8 * sizeof rfc_signature; bit++) {
        uint8_t altered[sizeof rfc_signature];
        memcpy(altered, rfc_signature, sizeof altered);
        altered[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(trust_store_verify(store, SPAN("\x72"), span_of(altered, sizeof altered), NULL));
    }
    trust_store_free(store);
}

static void trusts_nobody_without_a_key(void **state)
{
    (void)state;
    struct trust_store *store = load();
    assert_int_equal(trust_store_count(store), 0);
    assert_false(trust_store_verify(store, SPAN("\x72"), good(), NULL));
    trust_store_free(store);
}

static void assert_refused(const char *dir, const char *text)
{
    struct error error = {""};
    assert_null(trust_store_load(dir, &error));
    assert_string_equal(error.text, text);
}

static void names_what_is_no_key(void **state)
{
    (void)state;
    write_rfc_key("a.pub");
    write_text("b.pub", "-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----\n");
    assert_refused(".", "./b.pub: is no Ed25519 public key in PEM form");
    write_text("b.pub", "");
    assert_refused(".", "./b.pub: is no Ed25519 public key in PEM form");
    write_key("b.pub", EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
    assert_refused(".", "./b.pub: is no Ed25519 public key in PEM form");
    assert_refused("missing", "missing: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_what_one_of_its_keys_signed, clear_folder),
        cmocka_unit_test_teardown(refuses_what_was_altered, clear_folder),
        cmocka_unit_test_teardown(trusts_nobody_without_a_key, clear_folder),
        cmocka_unit_test_teardown(names_what_is_no_key, clear_folder),
    };
    return cmocka_run_group_tests_name("trust", tests, make_folder, remove_folder);
}
