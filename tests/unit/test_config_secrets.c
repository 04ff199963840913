/* The encryption of secrets in configuration files: keys, and what they open. */
#define _GNU_SOURCE /* mkdtemp */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/config_secrets.h"
#include "daemon/control/methods.h"

static char folder[] = "/tmp/mailward-secrets-XXXXXX";

const char *member_text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* A machine is a folder. */
static int new_machine(void **state)
{
    (void)state;
    unlink("config/secret.key");
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    return (parent && chdir(parent) != 0) || !mkdtemp(folder) || chdir(folder) != 0 ||
           mkdir("config", 0700) != 0;
}

static int remove_folder(void **state)
{
    new_machine(state);
    return rmdir("config") != 0 || chdir("/") != 0 || rmdir(folder) != 0;
}

static const struct schema_table *table = &schema_tables[SCHEMA_CERTIFICATES];
static const struct schema_field *field = NULL, *other_field = NULL;

static void seal(const struct config_secrets *s, const char *text, struct buf *out)
{
    field = &table->fields[CERTIFICATES_PRIVATE_KEY];
    other_field = &table->fields[CERTIFICATES_CERTIFICATE];
    buf_clear(out);
    assert_true(config_secrets_seal(s, table, field, span_text(text), out));
    buf_text(out);
}

/* The member of the element that config_secrets_put() makes. */
static json_t *said_by(const struct config_secrets *s, const char *passphrase)
{
    static const char *const names[] = {"key", "salt", "check"};
    struct buf element = {0};
    json_t *said = json_object();
    assert_true(config_secrets_put(s, &element));
    buf_text(&element);
    for (size_t i = 0; i < 3; i++) {
        char tag[16];
        snprintf(tag, sizeof tag, "<%s>", names[i]);
        const char *start = strstr(element.data, tag);
        if (start)
            json_object_set_new(said, names[i],
                                json_stringn(start + strlen(tag), strcspn(start + strlen(tag), "<")));
    }
    if (passphrase)
        json_object_set_new(said, "passphrase", json_string(passphrase));
    buf_free(&element);
    return said;
}

static void the_key_of_a_machine_is_made_once_and_for_nobody_else(void **state)
{
    (void)state;
    struct secret_key first, second;
    struct error error;
    struct stat st;
    assert_true(secret_key_of_machine(&first, &error));
    assert_true(secret_key_of_machine(&second, &error));
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(stat("config/secret.key", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(truncate("config/secret.key", 10), 0);
    assert_false(secret_key_of_machine(&second, &error));
    assert_non_null(strstr(error.text, "config/secret.key has not 64 bytes"));
}

static void the_same_secret_is_the_same_text_on_one_machine(void **state)
{
    (void)state;
    struct config_secrets a, b;
    struct error error;
    struct buf one = {0}, two = {0}, opened = {0};
    assert_true(config_secrets_begin(&a, NULL, &error));
    assert_true(config_secrets_begin(&b, NULL, &error));
    seal(&a, "secret", &one);
    seal(&b, "secret", &two);
    assert_string_equal(one.data, two.data);
    assert_null(strstr(one.data, "secret"));
    assert_true(config_secrets_unseal(&b, table, field, buf_span(&one), &opened));
    assert_string_equal(buf_text(&opened), "secret");
    seal(&a, "secret2", &two);
    assert_string_not_equal(one.data, two.data);
    buf_free(&one);
    buf_free(&two);
    buf_free(&opened);
}

static void a_secret_that_was_changed_or_moved_is_not_opened(void **state)
{
    (void)state;
    struct config_secrets s;
    struct error error;
    struct buf text = {0}, opened = {0};
    assert_true(config_secrets_begin(&s, NULL, &error));
    seal(&s, "a secret of some length", &text);
    assert_false(config_secrets_unseal(&s, table, other_field, buf_span(&text), &opened));
    for (size_t i = 0; i < text.len - 2; i++) {
        text.data[i] ^= 1;
        assert_false(config_secrets_unseal(&s, table, field, buf_span(&text), &opened));
        text.data[i] ^= 1;
    }
    for (size_t size = 0; size < text.len; size++)
        assert_false(config_secrets_unseal(&s, table, field, span_of(text.data, size), &opened));
    assert_int_equal(opened.len, 0);
    buf_free(&text);
    buf_free(&opened);
}

static void a_passphrase_opens_on_every_machine_and_no_other_one_does(void **state)
{
    struct config_secrets there, here;
    struct error error;
    struct buf text = {0}, opened = {0};
    assert_true(config_secrets_begin(&there, "open sesame", &error));
    seal(&there, "secret", &text);
    new_machine(state);
    json_t *right = said_by(&there, "open sesame"), *wrong = said_by(&there, "open Sesame"),
           *none = said_by(&there, NULL);
    assert_true(config_secrets_find(&here, right, &error));
    assert_true(config_secrets_unseal(&here, table, field, buf_span(&text), &opened));
    assert_string_equal(buf_text(&opened), "secret");
    assert_false(config_secrets_find(&here, wrong, &error));
    assert_string_equal(error.text,
                        "this is not the passphrase that the secrets in this file are encrypted with");
    assert_false(config_secrets_find(&here, none, &error));
    assert_non_null(strstr(error.text, "encrypted with a passphrase, which must be given"));
    json_object_set_new(right, "salt", json_string("AAAA"));
    assert_false(config_secrets_find(&here, right, &error));
    assert_non_null(strstr(error.text, "salt: this is not BASE64"));
    json_decref(right);
    json_decref(wrong);
    json_decref(none);
    buf_free(&text);
    buf_free(&opened);
}

static void a_file_of_another_machine_says_so(void **state)
{
    struct config_secrets there, here;
    struct error error;
    assert_true(config_secrets_begin(&there, NULL, &error));
    json_t *said = said_by(&there, NULL);
    assert_true(config_secrets_find(&here, said, &error));
    new_machine(state);
    assert_false(config_secrets_find(&here, said, &error));
    assert_non_null(
        strstr(error.text, "encrypted with the key of another machine: save it there with a passphrase"));
    json_decref(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_machine, NULL)
        TEST(the_key_of_a_machine_is_made_once_and_for_nobody_else),
        TEST(the_same_secret_is_the_same_text_on_one_machine),
        TEST(a_secret_that_was_changed_or_moved_is_not_opened),
        TEST(a_passphrase_opens_on_every_machine_and_no_other_one_does),
        TEST(a_file_of_another_machine_says_so),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
