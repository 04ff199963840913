/* Packages and lists: what is read, and how what is wrong is named. */
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
#include "engine/package/package.h"

static EVP_PKEY *key;
static struct trust_store *trust;

static int make_key(void **state)
{
    (void)state;
    unlink("package-test/test.pub");
    unlink("package-test/test.key");
    rmdir("package-test");
    struct error error;
    if (mkdir("package-test", 0700) != 0 || !package_key_make("package-test/test", &error))
        return -1;
    key = package_key_read("package-test/test.key", &error);
    trust = trust_store_load("package-test", &error);
    return key && trust ? 0 : -1;
}

static int remove_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    trust_store_free(trust);
    return unlink("package-test/test.pub") || unlink("package-test/test.key") || rmdir("package-test");
}

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* of "rule x\n" */
#define RULE "rule x\n"
#define HEAD "mailward-package 1\nname antispam-rules\nversion 7\nformat 1\ncreated 2026-11-22T06:30:00Z\n"

static void sign(struct buf *text)
{
    struct buf line = {0};
    struct error error;
    buf_append_char(text, '\n');
    assert_true(package_key_sign(key, buf_span(text), &line, &error));
    buf_append_span(text, buf_span(&line));
    buf_free(&line);
}

static void put_good(struct buf *out)
{
    char hex[PACKAGE_SHA256_HEX + 1];
    package_sha256(SPAN(RULE), hex);
    buf_printf(out, "%smember 7 %s a.rules\nmember 0 %s b.rules\n", HEAD, hex, EMPTY_SHA256);
    sign(out);
    buf_append_span(out, SPAN(RULE));
}

static void a_good_package_is_read_and_believed(void **state)
{
    (void)state;
    struct buf file = {0};
    struct package p;
    struct error error = {""};
    const char *by = NULL;
    put_good(&file);
    assert_true(package_read(buf_span(&file), &p, &error));
    assert_int_equal(p.component, PACKAGE_ANTISPAM_RULES);
    assert_int_equal(p.version, 7);
    assert_int_equal(p.member_count, 2);
    assert_true(span_equal(p.members[0].content, SPAN(RULE)));
    assert_true(span_equal(p.members[1].name, SPAN("b.rules")));
    assert_true(package_verify(&p, trust, &by, &error));
    assert_string_equal(by, "test");
    buf_free(&file);
}

/* Whatever byte is changed, it is no good package any more. */
static void no_byte_can_be_changed(void **state)
{
    (void)state;
    struct buf file = {0};
    put_good(&file);
    for (size_t i = 0; i < file.len; i++) {
        struct package p;
        struct error error = {""};
        file.data[i] ^= 1;
        assert_false(package_read(buf_span(&file), &p, &error) && package_verify(&p, trust, NULL, &error));
        assert_string_not_equal(error.text, "");
        file.data[i] ^= 1;
    }
    buf_free(&file);
}

static void no_byte_can_be_missing(void **state)
{
    (void)state;
    struct buf file = {0};
    put_good(&file);
    for (size_t size = 0; size < file.len; size++) {
        char *exact = malloc(size ? size : 1); /* so that a sanitizer sees a byte too many */
        struct package p;
        struct error error = {""};
        memcpy(exact, file.data, size);
        assert_false(package_read(span_of(exact, size), &p, &error));
        assert_string_not_equal(error.text, "");
        free(exact);
    }
    buf_append_char(&file, '\n');
    struct package p;
    struct error error;
    assert_false(package_read(buf_span(&file), &p, &error));
    assert_string_equal(error.text, "has 1 bytes behind its last member");
    buf_free(&file);
}

static void assert_wrong(const char *text, const char *contents, const char *why)
{
    struct buf file = {0};
    struct package p;
    struct error error = {""};
    buf_printf(&file, "%s", text);
    sign(&file);
    buf_printf(&file, "%s", contents);
    assert_false(package_read(buf_span(&file), &p, &error));
    assert_string_equal(error.text, why);
    buf_free(&file);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_wrong("mailward-package 2\nname x\n", "", "is not a file of the kind 'mailward-package 1'");
    assert_wrong("mailward-package 1\nname virus-rules\n", "", "has a line 2 that does not belong behind 'name'");
    assert_wrong("mailward-package 1\nname spam-model\nversion 0\n", "",
                 "has a line 3 that does not belong behind 'version'");
    assert_wrong("mailward-package 1\nname spam-model\nversion 9999999999999999\n", "",
                 "has a line 3 that does not belong behind 'version'");
    assert_wrong(HEAD, "", "has no members");
    assert_wrong("mailward-package 1\nname spam-model\n", "", "has no line 'version'");
    assert_wrong(HEAD "member 8 " EMPTY_SHA256 " a.rules\n", RULE,
                 "has a line 6 that does not belong behind 'member'");
    assert_wrong(HEAD "member 0 " EMPTY_SHA256 " ../a.rules\n", "",
                 "has a line 6 that does not belong behind 'member'");
    assert_wrong(HEAD "member 0 " EMPTY_SHA256 " a.rules\nmember 0 " EMPTY_SHA256 " a.rules\n", "",
                 "has a line 7 that does not belong behind 'member'");
    assert_wrong(HEAD "member 0 " EMPTY_SHA256 " a.sh\n", "",
                 "has a member a.sh, which ends neither in .rules nor in .senders");
    assert_wrong(HEAD "member 7 " EMPTY_SHA256 " a.rules\n", RULE "x", "has 1 bytes behind its last member");
}

static void a_stranger_is_not_believed(void **state)
{
    (void)state;
    struct buf file = {0};
    struct package p;
    struct error error = {""};
    struct trust_store *nobody = trust_store_empty();
    put_good(&file);
    assert_true(package_read(buf_span(&file), &p, &error));
    assert_false(package_verify(&p, nobody, NULL, &error));
    assert_string_equal(error.text, "cannot be checked: there is no trusted key");
    trust_store_free(nobody);
    buf_free(&file);
    buf_printf(&file, "%smember 7 %s a.rules\n", HEAD, EMPTY_SHA256);
    sign(&file);
    buf_append_span(&file, SPAN(RULE));
    assert_true(package_read(buf_span(&file), &p, &error));
    assert_false(package_verify(&p, trust, NULL, &error));
    assert_string_equal(error.text, "has an altered member a.rules");
    buf_free(&file);
}

#define LIST "mailward-updates 1\nsequence 5\ncreated 2026-11-22T06:30:00Z\nexpires 2026-12-22T06:30:00Z\n"

#define EXPIRES (INT64_C(1797921000) * 1000000) /* the same moment */

static void a_list_offers_a_package_for_each_format(void **state)
{
    (void)state;
    struct buf file = {0};
    struct package_list list;
    struct error error = {""};
    buf_printf(&file, LIST "package antispam-rules 1 7 3 %s a.package\npackage antispam-rules 2 8 3 %s b\n",
               EMPTY_SHA256, EMPTY_SHA256);
    sign(&file);
    assert_true(package_list_read(buf_span(&file), &list, &error));
    assert_int_equal(list.sequence, 5);
    assert_int_equal(list.count, 2);
    assert_false(package_list_is_expired(&list, EXPIRES - 1));
    assert_true(package_list_is_expired(&list, EXPIRES));
    assert_int_equal(list.offers[1].version, 8);
    assert_true(span_equal(list.offers[0].file, SPAN("a.package")));
    assert_false(package_is_offered(&list.offers[0], SPAN("ab"), &error));
    assert_string_equal(error.text, "has 2 bytes where the manifest says 3");
    assert_false(package_is_offered(&list.offers[0], SPAN("abc"), &error));
    assert_string_equal(error.text, "is not the file that the manifest names");
    buf_free(&file);
}

static void a_list_is_as_strict(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "package antispam-rules 1 7 3 " EMPTY_SHA256 " ../x\n",
        "package antispam-rules 1 7 3 " EMPTY_SHA256 " a/b\n",
        "package antispam-rules 1 7 99999999 " EMPTY_SHA256 " a\n",
        "package antispam-rules 1 7 3 " EMPTY_SHA256 " a\npackage antispam-rules 1 8 3 " EMPTY_SHA256 " b\n",
        "package antispam-rules 1 7 3 E3 a\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf file = {0};
        struct package_list list;
        struct error error = {""};
        buf_printf(&file, LIST "%s", wrong[i]);
        sign(&file);
        assert_false(package_list_read(buf_span(&file), &list, &error));
        assert_non_null(strstr(error.text, "that does not belong behind 'package'"));
        buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_package_is_read_and_believed),
        cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(no_byte_can_be_missing),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_stranger_is_not_believed),
        cmocka_unit_test(a_list_offers_a_package_for_each_format),
        cmocka_unit_test(a_list_is_as_strict),
    };
    return cmocka_run_group_tests_name("package", tests, make_key, remove_key);
}
