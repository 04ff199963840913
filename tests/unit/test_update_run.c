/* A run of updates at control, with roles, commits and the clock of its pauses played: what it does while scan has no
 * time for a trial.
 */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include <event2/event.h>
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

#include "daemon/control/commit.h"
#include "daemon/control/head.h"
#include "daemon/control/trusted_keys.h"
#include "daemon/control/update_files.h"
#include "daemon/control/update_run.h"
#include "daemon/control/update_trial.h"
#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/offline/package_key.h"
#include "tests/unit/folder_fixture.h"

enum { ALL_ENGINES = (1u << PACKAGE_ENGINE_COUNT) - 1 };
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char folder[] = "/tmp/mailward-update-run-XXXXXX";
static EVP_PKEY *key;
static struct trust_store *trust;
static struct config_tree *tree;
static struct buf log_text, pauses; /* milliseconds */
static uint32_t fetch_id, try_id;   /* of the latest question */
static unsigned tries, ends;
static bool is_held, is_commit_in_work;
static char ended_with[sizeof(struct error)];
static event_callback_fn on_time;
static int timer_stands_for;

/* ---- what is around it ---- */

struct event_base *role_base(void)
{
    return NULL;
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what, event_callback_fn callback,
                        void *context)
{
    (void)base, (void)fd, (void)what, (void)context;
    on_time = callback;
    return (struct event *)&timer_stands_for;
}

int event_add(struct event *event, const struct timeval *interval)
{
    (void)event;
    if (!is_held)
        buf_printf(&pauses, "%ld ", (long)(interval->tv_sec * 1000 + interval->tv_usec / 1000));
    return 0;
}

int event_del(struct event *event)
{
    (void)event;
    return 0;
}

bool role_send(enum role_id role, uint16_t type, struct span body, int fd)
{
    struct wire_reader in = wire_reader_of(body);
    if (role == ROLE_FETCH)
        fetch_id = wire_get_u32(&in);
    if (type == MSG_ENGINE_TRY) {
        try_id = wire_get_u32(&in);
        tries++;
    }
    if (fd >= 0)
        close(fd);
    return true;
}

void commit_hold(bool hold)
{
    is_held = hold;
}

bool commit_is_in_work(void)
{
    return is_commit_in_work;
}

struct config_tree *head_tree(void)
{
    return tree;
}

const struct config_place *head_place(void)
{
    static const struct config_place here = {"machine/a"};
    return &here;
}

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

/* ---- the test's hands ---- */

static void put_signed(struct buf *out, const char *text)
{
    struct buf line = {0};
    struct error error;
    buf_printf(out, "%s\n", text);
    assert_true(package_key_sign(key, buf_span(out), &line, &error));
    buf_append_span(out, buf_span(&line));
    buf_free(&line);
}

static void fetched(struct span file)
{
    struct buf body = {0};
    int fd = memory_file_of("test", file);
    wire_put_u32(&body, fetch_id);
    wire_put_span(&body, SPAN(""));
    struct wire_reader in = wire_reader_of(buf_span(&body));
    update_run_fetched(&in, fd);
    close(fd);
    buf_free(&body);
}

static void tried(enum engine_outcome outcome)
{
    struct buf body = {0};
    wire_put_u32(&body, try_id);
    wire_put_u8(&body, (uint8_t)outcome);
    wire_put_span(&body, SPAN(""));
    struct wire_reader in = wire_reader_of(buf_span(&body));
    update_trial_answered(&in);
    buf_free(&body);
}

static void time_passes(void)
{
    on_time(-1, EV_TIMEOUT, NULL);
}

static void on_end(unsigned engines, const struct update_trouble *trouble)
{
    const char *why =
        trouble->server.text[0] ? trouble->server.text : trouble->packages[PACKAGE_ANTISPAM].text;
    assert_int_equal(engines, ALL_ENGINES);
    snprintf(ended_with, sizeof ended_with, "%s", why[0] ? why : "good");
    ends++;
}

/* A run up to the moment when version 2 of the rules can be tried. */
static void download(void)
{
    const struct update_wish all = {.engines = ALL_ENGINES};
    struct buf package = {0}, manifest = {0}, lines = {0};
    char hex[PACKAGE_SHA256_HEX + 1];
    put_signed(&package, "mailward-package 1\nname antispam-rules\nversion 2\nformat 1\n"
                         "created 2026-11-22T06:30:00Z\nmember 0 " EMPTY_SHA256 " a.rules\n");
    package_sha256(buf_span(&package), hex);
    buf_printf(&lines,
               "mailward-updates 1\nsequence 1\ncreated 2026-11-22T06:30:00Z\nexpires 2099-12-22T06:30:00Z\n"
               "package antispam-rules 1 2 %zu %s a.package\n",
               package.len, hex);
    put_signed(&manifest, buf_text(&lines));
    assert_true(update_run_begin(&all, on_end));
    fetched(buf_span(&manifest));
    fetched(buf_span(&package));
    buf_free(&package);
    buf_free(&manifest);
    buf_free(&lines);
}

static void expect_pauses(const char *milliseconds)
{
    assert_string_equal(buf_text(&pauses), milliseconds);
    buf_clear(&pauses);
}

static void expect_log(const char *line)
{
    if (!strstr(buf_text(&log_text), line))
        fail_msg("%s", buf_text(&log_text));
    buf_clear(&log_text);
}

static int begin(void **state)
{
    (void)state;
    struct error error;
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("updates", 0700) != 0 || mkdir("keys", 0700) != 0 ||
        !package_key_make("keys/a", &error))
        return -1;
    key = package_key_read("keys/a.key", &error);
    trust = trust_store_load("keys", &error);
    tree = config_tree_new();
    tries = ends = 0;
    is_commit_in_work = false;
    log_set_output(take_log_event);
    update_files_start();
    return key && trust ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    update_files_start(); /* frees what was there */
    EVP_PKEY_free(key);
    trust_store_free(trust);
    config_tree_unref(tree);
    buf_free(&log_text);
    buf_free(&pauses);
    memcpy(strrchr(folder, '-'), "-XXXXXX", strlen("-XXXXXX"));
    return chdir("/");
}

/* ---- tests ---- */

static void a_trial_that_scan_has_no_time_for_comes_again_after_a_pause_in_which_commits_go_on(void **state)
{
    (void)state;
    download();
    assert_int_equal(tries, 1);
    assert_true(is_held);
    tried(ENGINE_BUSY);
    assert_false(is_held);
    assert_int_equal(tries, 1);
    time_passes();
    assert_int_equal(tries, 2);
    assert_true(is_held);
    tried(ENGINE_READY);
    assert_string_equal(ended_with, "good");
    assert_int_equal(update_files_get(PACKAGE_ANTISPAM_RULES).version, 2);
    expect_log("case update completed: antispam-rules version 2");
}

static void the_pauses_grow_and_after_a_minute_of_them_it_is_put_off(void **state)
{
    (void)state;
    for (unsigned run = 1; run <= 2; run++) { /* the second one begins with a short pause again */
        download();
        for (tries = 1; ends < run && tries < 100;) {
            tried(ENGINE_BUSY);
            if (ends < run)
                time_passes();
        }
        assert_int_equal(ends, run);
        expect_pauses("100 200 400 800 1600 3200 5000 5000 5000 5000 5000 5000 5000 5000 5000 5000 ");
        expect_log("case update put off: commits leave no time for it");
        assert_string_equal(ended_with, "commits leave no time for it");
        assert_false(is_held);
    }
    assert_int_equal(update_files_get(PACKAGE_ANTISPAM_RULES).version, 1);
}

static void a_commit_is_waited_for_in_short_looks_and_no_trial_is_made_meanwhile(void **state)
{
    (void)state;
    is_commit_in_work = true;
    download();
    for (int i = 0; i < 3; i++)
        time_passes();
    expect_pauses("100 100 100 100 ");
    assert_int_equal(tries, 0);
    is_commit_in_work = false;
    time_passes();
    assert_int_equal(tries, 1);
    tried(ENGINE_READY);
    assert_string_equal(ended_with, "good");
}

static void an_answer_about_a_trial_that_is_over_counts_for_nothing(void **state)
{
    (void)state;
    download();
    tried(ENGINE_BUSY);
    tried(ENGINE_READY);
    assert_int_equal(ends, 0);
    time_passes();
    try_id--;
    tried(ENGINE_READY);
    assert_int_equal(ends, 0);
    try_id++;
    tried(ENGINE_READY);
    assert_int_equal(ends, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_trial_that_scan_has_no_time_for_comes_again_after_a_pause_in_which_commits_go_on),
        TEST(the_pauses_grow_and_after_a_minute_of_them_it_is_put_off),
        TEST(a_commit_is_waited_for_in_short_looks_and_no_trial_is_made_meanwhile),
        TEST(an_answer_about_a_trial_that_is_over_counts_for_nothing),
    };
    return cmocka_run_group_tests_name("update run", tests, NULL, NULL);
}
