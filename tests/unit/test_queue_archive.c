/* The archive: what the queue role keeps there, and what a disk in trouble leaves of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/queue/store.h"
#include "tests/unit/queue_peers.h"

static bool commits_fail;
static int commits;

bool __real_store_commit(struct store *s, struct fault *f);
bool __wrap_store_commit(struct store *s, struct fault *f);
bool __wrap_store_commit(struct store *s, struct fault *f)
{
    commits++;
    return commits_fail ? fault_set(f, FAULT_IO, "the disk is full") : __real_store_commit(s, f);
}

/* All files of the archive, one behind the other. */
static const char *archive(void)
{
    static char text[1024 * 1024];
    size_t used = 0;
    DIR *dir = opendir("archive/antispam");
    CHECK(dir != NULL);
    for (struct dirent *e; (e = readdir(dir));) {
        int fd = openat(dirfd(dir), e->d_name, O_RDONLY);
        ssize_t n = e->d_name[0] == '.' ? 0 : read(fd, text + used, sizeof text - 1 - used);
        used += n > 0 ? (size_t)n : 0;
        close(fd);
    }
    closedir(dir);
    text[used] = '\0';
    return text;
}

static int copies(const char *what)
{
    int count = 0;
    for (const char *at = archive(); (at = strstr(at, what)); at++)
        count++;
    return count;
}

static void archive_one(void)
{
    peers_archive = true;
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_POSITIVE, JUDGE_DROP);
    CHECK(peers_logged("MID 1 archived by CASE to antispam") == 1);
    const char *text = archive();
    CHECK(strncmp(text, "From from@example.org ", 22) == 0);
    CHECK(strstr(text, "\nX-Mailward-MID: 1\nMessage-ID: <one@example.org>\nSubject: hello\n\nbody\n\n"));
}

static void leave_archive_alone(void)
{
    peers_hello();
    CHECK(copies("X-Mailward-MID: 1") == 1);
}

static void an_archived_message_is_kept_as_it_came(void **state)
{
    (void)state;
    assert_true(peers_life(archive_one));
    assert_true(peers_life(leave_archive_alone));
}

static void archive_when_the_disk_fails(void)
{
    peers_archive = true;
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_sync_fails = true;
    peers_judge(1, 1, JUDGE_POSITIVE, JUDGE_DROP);
    int syncs = peers_syncs;
    AWAIT(peers_syncs >= syncs + 2);
    CHECK(peers_finals(FINAL_DROPPED) == 0 && peers_logged("archived") == 0);
    CHECK(copies("X-Mailward-MID") == 0);
    peers_sync_fails = false;
    AWAIT(peers_finals(FINAL_DROPPED) == 1);
    CHECK(copies("X-Mailward-MID: 1") == 1);
}

static void a_verdict_waits_for_its_copy_which_is_not_doubled(void **state)
{
    (void)state;
    assert_true(peers_life(archive_when_the_disk_fails));
}

static void judge_large(uint64_t mid)
{
    peers_send_mail(mid, "", "to@example.net", span_slice(peers_large_body(), 0, 70 * 1024));
    CHECK(peers_accepted(mid) && peers_scan_job() == mid);
    peers_say_verdict(mid, 1, JUDGE_POSITIVE, JUDGE_DROP);
}

static void archive_when_commits_fail(void)
{
    peers_archive = true;
    peers_hello();
    judge_large(1);
    AWAIT(peers_finals(FINAL_DROPPED) == 1);
    peers_send_mail(2, "", "to@example.net", MAIL);
    CHECK(peers_accepted(2) && peers_scan_job() == 2);
    judge_large(3);
    commits_fail = true;
    peers_say_verdict(2, 1, JUDGE_POSITIVE, JUDGE_DROP);
    int before = commits;
    AWAIT(commits >= before + 6);
    CHECK(copies("X-Mailward-MID: 1\n") == 1);
    CHECK(copies("X-Mailward-MID: 2\n") == 0 && copies("X-Mailward-MID: 3\n") == 0);
    commits_fail = false;
    AWAIT(peers_finals(FINAL_DROPPED) == 3);
    for (int mid = 1; mid <= 3; mid++) {
        char name[32];
        snprintf(name, sizeof name, "X-Mailward-MID: %d\n", mid);
        CHECK(copies(name) == 1);
    }
}

static void commits_that_fail_cost_no_file_of_the_archive(void **state)
{
    (void)state;
    peers_set("archive.rollover-bytes", "65536");
    peers_set("archive.files", "3");
    assert_true(peers_life(archive_when_commits_fail));
}

static void archive_many(void)
{
    peers_archive = true;
    peers_hello();
    for (uint64_t mid = 1; mid <= 5; mid++) {
        peers_send_mail(mid, "", "to@example.net", span_slice(peers_large_body(), 0, 40 * 1024));
        CHECK(peers_accepted(mid) && peers_scan_job() == mid);
        peers_judge(mid, 1, JUDGE_POSITIVE, JUDGE_DROP);
    }
    CHECK(peers_files_in("archive/antispam") == 3); /* the current one and two saved ones */
}

static void the_archive_is_rolled_over_as_logs_are(void **state)
{
    (void)state;
    peers_set("archive.rollover-bytes", "65536");
    peers_set("archive.files", "2");
    assert_true(peers_life(archive_many));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_archived_message_is_kept_as_it_came),
        TEST(a_verdict_waits_for_its_copy_which_is_not_doubled),
        TEST(commits_that_fail_cost_no_file_of_the_archive),
        TEST(the_archive_is_rolled_over_as_logs_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
