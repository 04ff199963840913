/* The folder of updates: what reaches the disk in which order, what is believed of it at the next start, and which
 * packages are left alone for how long.
 *
 * The calls that bring a name or bytes to disk are played: they are written down, and fail when a test wants it.
 */
#define _GNU_SOURCE /* mkdtemp, nftw, RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "daemon/control/trusted_keys.h"
#include "daemon/control/update_doubts.h"
#include "daemon/control/update_files.h"
#include "daemon/log_lines.h"
#include "daemon/offline/package_key.h"
#include "engine/base/clock.h"

static char folder[] = "/tmp/mailward-update-files-XXXXXX";
static EVP_PKEY *keys[2];
static struct trust_store *trust;
static struct buf log_text, disk; /* of disk: "sync NAME " "rename NAME NAME " */
static int fails;                 /* the call that fails, counted from 1; 0: none */
static int calls;

/* ---- what is behind it ---- */

const struct trust_store *trusted_keys(void)
{
    return trust;
}

static bool take_log_event(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    return log_event_format(&in, &line, &time, &log_text);
}

static bool must_fail(void)
{
    errno = EIO;
    return ++calls == fails;
}

int fsync(int fd)
{
    char link[40], path[200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    buf_printf(&disk, "sync %s ", strrchr(path, '/') + 1);
    return must_fail() ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    int (*call)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    buf_printf(&disk, "rename %s %s ", from, to);
    return must_fail() ? -1 : call(from, to);
}

/* ---- the test's hands ---- */

static void sign(struct buf *text, EVP_PKEY *key)
{
    struct buf line = {0};
    struct error error;
    buf_append_char(text, '\n');
    assert_true(package_key_sign(key, buf_span(text), &line, &error));
    buf_append_span(text, buf_span(&line));
    buf_free(&line);
}

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool install(unsigned version)
{
    struct buf file = {0};
    struct error error;
    buf_printf(&file,
               "mailward-package 1\nname antispam-rules\nversion %u\nformat 1\ncreated "
               "2026-11-22T06:30:00Z\nmember 0 " EMPTY_SHA256 " a.rules\n",
               version);
    sign(&file, keys[0]);
    bool good = update_files_install(PACKAGE_ANTISPAM_RULES, version, buf_span(&file), &error);
    buf_free(&file);
    return good;
}

static uint64_t installed(void)
{
    return update_files_get(PACKAGE_ANTISPAM_RULES).version;
}

static bool accept_manifest(unsigned sequence, int key)
{
    struct buf file = {0};
    struct package_list list;
    struct error error;
    const char *name;
    buf_printf(&file,
               "mailward-updates 1\nsequence %u\ncreated 2026-11-22T06:30:00Z\nexpires "
               "2026-12-22T06:30:00Z\npackage antispam-rules 1 7 3 " EMPTY_SHA256 " a\n",
               sequence);
    sign(&file, keys[key]);
    assert_true(package_list_read(buf_span(&file), &list, &error));
    assert_true(signed_text_verify(&list.text, trust, &name, &error));
    bool good = update_files_accept(&list, name, buf_span(&file), &error);
    buf_free(&file);
    return good;
}

static void expect_disk(const char *text)
{
    assert_string_equal(buf_text(&disk), text);
    buf_clear(&disk);
}

static int begin(void **state)
{
    (void)state;
    struct error error;
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("updates", 0700) != 0 || mkdir("keys", 0700) != 0 ||
        !package_key_make("keys/a", &error) || !package_key_make("keys/b", &error))
        return -1;
    keys[0] = package_key_read("keys/a.key", &error);
    keys[1] = package_key_read("keys/b.key", &error);
    trust = trust_store_load("keys", &error);
    log_set_output(take_log_event);
    calls = fails = 0;
    update_files_start();
    return keys[0] && keys[1] && trust ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    update_files_start(); /* frees what was there */
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    trust_store_free(trust);
    buf_free(&log_text);
    buf_free(&disk);
    memcpy(strrchr(folder, '-'), "-XXXXXX", strlen("-XXXXXX"));
    return chdir("/");
}

/* ---- tests ---- */

static void a_package_is_on_disk_before_its_name_and_the_name_before_it_is_used(void **state)
{
    (void)state;
    assert_true(install(2));
    expect_disk("sync antispam-rules.package.new "
                "rename updates/antispam-rules.package.new updates/antispam-rules.package sync updates ");
    assert_int_equal(installed(), 2);
    update_files_start();
    assert_int_equal(installed(), 2);
}

static void a_disk_that_fails_leaves_what_was_there_in_use(void **state)
{
    (void)state;
    assert_true(install(2));
    for (int call = 1; call <= 3; call++) {
        calls = 0;
        fails = call;
        assert_false(install(3));
        assert_int_equal(installed(), 2);
        calls = 0;
        fails = call;
        assert_false(accept_manifest(5, 0));
        assert_int_equal(update_files_sequence("a"), 0);
    }
    fails = 0;
    assert_true(install(3));
    assert_int_equal(installed(), 3);
}

static void a_file_that_can_be_read_by_half_is_not_used_and_told(void **state)
{
    (void)state;
    assert_true(install(2));
    assert_int_equal(truncate("updates/antispam-rules.package", PACKAGE_BYTES_MAX + 70000), 0);
    buf_clear(&log_text);
    update_files_start();
    struct update_file file = update_files_get(PACKAGE_ANTISPAM_RULES);
    assert_int_equal(file.version, 1);
    assert_int_equal(file.file.n, 0);
    assert_int_equal(file.time, 0);
    assert_string_equal(buf_text(&log_text),
                        "the installed antispam-rules.package is not used: it is larger than "
                        "16777216 bytes");
    assert_string_equal(file.unused, buf_text(&log_text));
    assert_true(install(3));
    assert_string_equal(update_files_get(PACKAGE_ANTISPAM_RULES).unused, "");
    unlink("updates/antispam-rules.package");
    assert_int_equal(mkdir("updates/antispam-rules.package", 0700), 0); /* opened, and never read */
    buf_clear(&log_text);
    update_files_start();
    assert_non_null(strstr(buf_text(&log_text), "it cannot be read: Is a directory"));
    assert_int_equal(update_files_get(PACKAGE_ANTISPAM_RULES).file.n, 0);
}

static void what_is_not_there_is_no_trouble(void **state)
{
    (void)state;
    update_files_start();
    assert_int_equal(log_text.len, 0);
    assert_string_equal(update_files_get(PACKAGE_ANTISPAM_RULES).unused, "");
    assert_int_equal(installed(), 1);
}

static void each_key_has_its_newest_manifest_for_ever(void **state)
{
    (void)state;
    assert_true(accept_manifest(7, 0));
    assert_true(accept_manifest(2, 1));
    for (int start = 0; start < 2; start++) {
        assert_int_equal(update_files_sequence("a"), 7);
        assert_int_equal(update_files_sequence("b"), 2);
        update_files_start();
    }
    assert_true(accept_manifest(3, 1));
    buf_clear(&disk);
    assert_true(accept_manifest(3, 1)); /* nothing is written */
    expect_disk("");
    assert_int_equal(rename("keys/a.pub", "keys/c.pub"), 0);
    trust_store_free(trust);
    struct error error;
    trust = trust_store_load("keys", &error);
    update_files_start();
    assert_int_equal(update_files_sequence("c"), 7);
    assert_int_equal(update_files_sequence("b"), 3);
}

static void a_damaged_manifest_is_told(void **state)
{
    (void)state;
    assert_true(accept_manifest(7, 0));
    update_files_start();
    assert_int_equal(log_text.len, 0);
    char digest[PACKAGE_SHA256_HEX + 1], path[200];
    package_sha256(SPAN("a"), digest);
    snprintf(path, sizeof path, "updates/manifest-%.16s", digest);
    assert_int_equal(truncate(path, 100), 0);
    update_files_start();
    assert_int_equal(update_files_sequence("a"), 0);
    assert_non_null(strstr(buf_text(&log_text), strchr(path, '/') + 1));
    assert_non_null(strstr(buf_text(&log_text), "older manifests of its key are not refused"));
}

/* ---- what is left alone ---- */

static int64_t wall_offset, mono_offset;

static const struct package_offer *offered(const char *sha256)
{
    static struct package_offer offer = {.name = SPAN("spam-model"), .file = SPAN("m.package")};
    offer.sha256 = span_text(sha256);
    return &offer;
}

static void what_was_refused_is_left_alone_for_good_and_what_was_slow_for_a_while(void **state)
{
    (void)state;
    static const char one[] = EMPTY_SHA256;
    static const unsigned delays[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440};
    const int64_t second = 1000000, minute = 60 * second;
    clock_use_offsets(&wall_offset, &mono_offset);
    update_doubts_refuse(offered(one), "is nonsense", true);
    assert_string_equal(update_doubts_about(offered(one)), "m.package is nonsense");
    wall_offset += 1000000 * minute;
    assert_non_null(update_doubts_about(offered(one)));
    assert_null(update_doubts_about(offered("another")));
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        assert_int_equal(update_doubts_delay(offered(one), "was slow"), delays[i]);
        wall_offset += delays[i] * minute - 5 * second;
        assert_string_equal(update_doubts_about(offered(one)), "m.package was slow");
        wall_offset += 5 * second;
        assert_null(update_doubts_about(offered(one)));
    }
    assert_int_equal(update_doubts_delay(offered("another"), "was slow"), 10);
    update_doubts_clear(offered("another"));
    assert_null(update_doubts_about(offered("another")));
}

static void what_a_trial_has_shown_is_known_after_a_restart_and_the_rest_is_asked_again(void **state)
{
    (void)state;
    static const char one[] = EMPTY_SHA256;
    const int64_t minute = 60 * INT64_C(1000000);
    clock_use_offsets(&wall_offset, &mono_offset);
    update_doubts_start();
    assert_null(update_doubts_about(offered(one)));
    update_doubts_refuse(offered(one), "kills its worker", true);
    update_doubts_start();
    assert_string_equal(update_doubts_about(offered(one)), "m.package kills its worker");
    update_doubts_clear(offered(one));
    update_doubts_start();
    assert_null(update_doubts_about(offered(one)));
    assert_int_equal(update_doubts_delay(offered(one), "was slow"), 10);
    update_doubts_start();
    assert_string_equal(update_doubts_about(offered(one)), "m.package was slow");
    wall_offset += 10 * minute;
    assert_null(update_doubts_about(offered(one)));
    assert_int_equal(update_doubts_delay(offered(one), "was slow"), 20);
    update_doubts_refuse(offered(one), "is signed by nobody", false);
    update_doubts_start();
    assert_null(update_doubts_about(offered(one)));
}

static void doubts_that_are_damaged_or_of_another_program_are_none(void **state)
{
    (void)state;
    static const char one[] = EMPTY_SHA256;
    struct stat st;
    update_doubts_refuse(offered(one), "kills its worker", true);
    assert_int_equal(stat("updates/doubts", &st), 0);
    for (off_t size = 0; size < st.st_size; size++) {
        update_doubts_refuse(offered(one), "kills its worker", true);
        assert_int_equal(truncate("updates/doubts", size), 0);
        update_doubts_start();
        assert_null(update_doubts_about(offered(one)));
    }
    update_doubts_refuse(offered(one), "kills its worker", true);
    int fd = open("updates/doubts", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "9", 1, sizeof(uint32_t)), 1); /* the version's first digit */
    close(fd);
    update_doubts_start();
    assert_null(update_doubts_about(offered(one)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_package_is_on_disk_before_its_name_and_the_name_before_it_is_used),
        TEST(a_disk_that_fails_leaves_what_was_there_in_use),
        TEST(a_file_that_can_be_read_by_half_is_not_used_and_told),
        TEST(what_is_not_there_is_no_trouble),
        TEST(each_key_has_its_newest_manifest_for_ever),
        TEST(a_damaged_manifest_is_told),
        TEST(what_was_refused_is_left_alone_for_good_and_what_was_slow_for_a_while),
        TEST(what_a_trial_has_shown_is_known_after_a_restart_and_the_rest_is_asked_again),
        TEST(doubts_that_are_damaged_or_of_another_program_are_none),
    };
    return cmocka_run_group_tests_name("update files", tests, NULL, NULL);
}
