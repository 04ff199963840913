/* Feature keys: what a line says, and that only a whole line of somebody trusted says anything. */
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

#include "daemon/offline/package_key.h"
#include "engine/package/feature_key.h"

#define DAY_US (86400 * INT64_C(1000000))
#define NOVEMBER_22 (20779 * DAY_US) /* 2026 */

static EVP_PKEY *trusted, *stranger;
static struct trust_store *trust;

static int make_keys(void **state)
{
    (void)state;
    struct error error;
    if (mkdir("feature-test", 0700) != 0 || mkdir("feature-test/other", 0700) != 0 ||
        !package_key_make("feature-test/us", &error) || !package_key_make("feature-test/other/them", &error))
        return -1;
    trusted = package_key_read("feature-test/us.key", &error);
    stranger = package_key_read("feature-test/other/them.key", &error);
    trust = trust_store_load("feature-test", &error);
    return trusted && stranger && trust ? 0 : -1;
}

static int remove_keys(void **state)
{
    (void)state;
    static const char *const files[] = {"us.key", "us.pub", "other/them.key", "other/them.pub"};
    EVP_PKEY_free(trusted);
    EVP_PKEY_free(stranger);
    trust_store_free(trust);
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "feature-test/%s", files[i]);
        unlink(path);
    }
    return rmdir("feature-test/other") || rmdir("feature-test");
}

/* The line of a text, signed by key. */
static struct buf line_of(struct span text, EVP_PKEY *key)
{
    struct buf signed_text = {0}, line = {0};
    struct error error;
    buf_append_span(&signed_text, text);
    assert_true(package_key_sign(key, text, &signed_text, &error));
    feature_key_put_line(&line, buf_span(&signed_text));
    buf_free(&signed_text);
    return line;
}

static struct buf make(const char *feature, const char *serial, unsigned days, EVP_PKEY *key)
{
    struct buf text = {0};
    struct error error;
    assert_true(feature_key_put(&text, feature, serial, "2026-11-22", days, &error));
    struct buf line = line_of(buf_span(&text), key);
    buf_free(&text);
    return line;
}

static void a_key_says_for_what_for_whom_and_how_long(void **state)
{
    (void)state;
    struct feature_key key;
    struct error error;
    struct buf line = make("antispam", "mx.example.com", 365, trusted);
    assert_true(feature_key_read(buf_span(&line), trust, &key, &error));
    assert_string_equal(key.feature, "antispam");
    assert_string_equal(key.serial, "mx.example.com");
    assert_true(key.begins == NOVEMBER_22 && key.ends == NOVEMBER_22 + 365 * DAY_US);
    assert_null(memchr(line.data, '\n', line.len));
    buf_free(&line);
    line = make("graymail", "any", 0, trusted);
    assert_true(feature_key_read(buf_span(&line), trust, &key, &error));
    assert_true(strcmp(key.serial, "any") == 0 && key.ends == FEATURE_ENDS_NEVER);
    buf_free(&line);
}

static void line_ends_of_mail_programs_do_no_harm(void **state)
{
    (void)state;
    struct feature_key key;
    struct error error;
    struct buf line = make("antispam", "any", 1, trusted), wrapped = {0};
    for (size_t i = 0; i < line.len; i += 60) {
        buf_append_span(&wrapped, span_slice(buf_span(&line), i, 60));
        buf_append_span(&wrapped, SPAN(" \r\n\t"));
    }
    assert_false(feature_key_read(buf_span(&wrapped), trust, &key, &error));
    feature_key_clean(&wrapped);
    assert_true(span_equal(buf_span(&wrapped), buf_span(&line)));
    buf_free(&wrapped);
    buf_free(&line);
}

static void the_key_of_a_stranger_is_refused(void **state)
{
    (void)state;
    struct feature_key key;
    struct error error;
    struct buf line = make("antispam", "any", 0, stranger);
    assert_false(feature_key_read(buf_span(&line), trust, &key, &error));
    assert_non_null(strstr(error.text, "by none of the trusted keys"));
    buf_free(&line);
}

static void no_byte_of_a_key_can_be_another(void **state)
{
    (void)state;
    struct feature_key key;
    struct error error;
    struct buf line = make("antispam", "any", 30, trusted);
    for (size_t i = 0; i < line.len; i++) {
        char was = line.data[i];
        line.data[i] = was == 'A' ? 'B' : 'A';
        if (feature_key_read(buf_span(&line), trust, &key, &error))
            fail_msg("byte %zu may be changed", i);
        line.data[i] = was;
    }
    for (size_t n = 0; n < line.len; n++)
        assert_false(feature_key_read(span_slice(buf_span(&line), 0, n), trust, &key, &error));
    buf_append_span(&line, SPAN("AAAA"));
    assert_false(feature_key_read(buf_span(&line), trust, &key, &error));
    buf_free(&line);
}

/* Signed by somebody trusted, and yet not what a key is. */
static void what_is_signed_has_to_be_a_feature_key(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "mailward-feature-key 2\nfeature antispam\nserial any\nbegins 2026-11-22\ndays 3\n\n",
        "mailward-package 1\nfeature antispam\nserial any\nbegins 2026-11-22\ndays 3\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-11-22\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-11-22\ndays 3\ndays 4\n\n",
        "mailward-feature-key 1\nfeature a b\nserial any\nbegins 2026-11-22\ndays 3\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-02-30\ndays 3\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-1-2\ndays 3\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-11-22\ndays 0\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-11-22\ndays 36501\n\n",
        "mailward-feature-key 1\nfeature antispam\nserial any\nbegins 2026-11-22\ndays -1\n\n",
        "mailward-feature-key 1\n\n",
    };
    struct feature_key key;
    struct error error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf line = line_of(span_text(texts[i]), trusted);
        if (feature_key_read(buf_span(&line), trust, &key, &error))
            fail_msg("taken: %s", texts[i]);
        buf_free(&line);
    }
}

static void what_cannot_be_in_a_key_is_not_written(void **state)
{
    (void)state;
    struct buf text = {0};
    struct error error;
    assert_false(feature_key_put(&text, "two words", "any", "2026-11-22", 1, &error));
    assert_false(feature_key_put(&text, "antispam", "any\nserial x", "2026-11-22", 1, &error));
    assert_false(feature_key_put(&text, "antispam", "any", "2026-13-01", 1, &error));
    assert_false(feature_key_put(&text, "antispam", "any", "2026-11-22", 36501, &error));
    assert_int_equal(text.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_says_for_what_for_whom_and_how_long),
        cmocka_unit_test(line_ends_of_mail_programs_do_no_harm),
        cmocka_unit_test(the_key_of_a_stranger_is_refused),
        cmocka_unit_test(no_byte_of_a_key_can_be_another),
        cmocka_unit_test(what_is_signed_has_to_be_a_feature_key),
        cmocka_unit_test(what_cannot_be_in_a_key_is_not_written),
    };
    return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
