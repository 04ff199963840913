/* The queue role behind its hooks, in trouble: disks that fail or are full, damaged bodies, peers that vanish. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/queue_peers.h"

static void accept_and_die(void)
{
    peers_accept_one();
}

static void fail_to_store(void)
{
    peers_hello();
    peers_sync_fails = true;
    peers_send_mail(1, "from@example.org", "to@example.net", MAIL);
    CHECK(!peers_accepted(1));
    CHECK(peers_refused(1) == 451);
    CHECK(peers_logged("nothing was acknowledged") == 1);
    CHECK(peers_gauge("messages") == 0);
    peers_sync_fails = false;
    peers_send_mail(2, "from@example.org", "to@example.net", MAIL);
    AWAIT(peers_accepted(2));
}

static void find_only_the_second(void)
{
    peers_hello();
    CHECK(peers_gauge("messages") == 1);
    CHECK(peers_scan_job() == 2);
}

static void what_cannot_be_synced_is_refused_and_the_next_is_taken(void **state)
{
    (void)state;
    assert_true(peers_life(fail_to_store));
    assert_true(peers_life(find_only_the_second));
}

static void keep_result_through_failures(void)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    peers_sync_fails = true;
    peers_deliver(&job, DELIVER_FAILED, "no such user"); /* the bounce needs the spool */
    CHECK(!peers_delivery_acknowledged(1, job.attempt));
    int syncs = peers_syncs;
    AWAIT(peers_syncs >= syncs + 2);
    CHECK(peers_logged("nothing was acknowledged") == 1); /* not every try */
    CHECK(peers_finals(FINAL_BOUNCED) == 0);
    peers_sync_fails = false;
    AWAIT(peers_delivery_acknowledged(1, job.attempt));
    CHECK(peers_finals(FINAL_BOUNCED) == 1);
    CHECK(peers_logged("was generated for bounce") == 1);
    CHECK(peers_logged("everything is stored again") == 1);
}

static void other_operations_are_tried_until_they_are_stored(void **state)
{
    (void)state;
    assert_true(peers_life(keep_result_through_failures));
}

static bool bounces_cannot_be_written, writes_fail;

ssize_t __real_pwritev(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    struct span body = span_of(parts[1].iov_base, parts[1].iov_len);
    bool fails = bounces_cannot_be_written && span_find_span(body, SPAN("MAILER-DAEMON")) < body.n;
    if (!writes_fail && !fails)
        return __real_pwritev(fd, parts, count, offset);
    errno = EIO;
    return -1;
}

static void go_on_beside_a_stuck_bounce(void)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    bounces_cannot_be_written = true;
    peers_deliver(&job, DELIVER_FAILED, "no such user");
    for (uint64_t mid = 2; mid <= 5; mid++) {
        peers_send_mail(mid, "from@example.org", "to@example.net", MAIL);
        AWAIT(peers_accepted(mid));
        CHECK(peers_scan_job() == mid);
        peers_judge(mid, 1, JUDGE_POSITIVE, JUDGE_DROP);
        AWAIT(peers_finals(FINAL_DROPPED) == (int)mid - 1);
    }
    CHECK(!peers_delivery_acknowledged(1, job.attempt));
    CHECK(peers_logged("nothing was acknowledged") == 1);
    bounces_cannot_be_written = false;
    AWAIT(peers_delivery_acknowledged(1, job.attempt));
    CHECK(peers_logged("everything is stored again") == 1);
}

static void an_operation_that_cannot_be_stored_does_not_stop_the_others(void **state)
{
    (void)state;
    assert_true(peers_life(go_on_beside_a_stuck_bounce));
}

static void damage_segments(void)
{
    DIR *dir = opendir("queue/spool");
    for (struct dirent *e; (e = readdir(dir));) {
        char path[300];
        snprintf(path, sizeof path, "queue/spool/%s", e->d_name);
        int fd = open(path, O_WRONLY);
        if (fd >= 0 && pwrite(fd, "!", 1, 70) == 1)
            close(fd);
    }
    closedir(dir);
}

static void find_damage(void)
{
    damage_segments();
    peers_hello();
    peers_turn();
    CHECK(peers_scan_job() == 0);
    CHECK(peers_logged("MID 1 is damaged in the spool") == 1);
    CHECK(peers_gauge("recipients_held") == 1 && peers_gauge("recipients_waiting_scan") == 0);
}

static void a_damaged_body_is_held_and_goes_nowhere(void **state)
{
    (void)state;
    assert_true(peers_life(accept_and_die));
    assert_true(peers_life(find_damage));
}

static void begin_mail(uint64_t mid)
{
    struct mail_recipient to = {.address = SPAN("to@example.net")};
    struct mail_begin begin = {.mid = mid, .recipients = &to, .recipient_count = 1};
    struct buf body = {0};
    mail_begin_put(&body, &begin);
    peers_tell(ROLE_SMTP, MSG_MAIL_BEGIN, &body);
}

static void send_data(uint64_t mid, struct span bytes)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_span(&body, bytes);
    peers_tell(ROLE_SMTP, MSG_MAIL_DATA, &body);
}

static void end_mail(uint64_t mid, uint64_t size)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_u64(&body, size);
    wire_put_i64(&body, 0);
    wire_put_span(&body, SPAN(""));
    peers_tell(ROLE_SMTP, MSG_MAIL_END, &body);
    peers_turn();
}

static void throw_away_what_smtp_did_not_end(void)
{
    peers_hello();
    begin_mail(1);
    send_data(1, MAIL);
    peers_hello();
    CHECK(peers_gauge("messages") == 0);
    end_mail(1, MAIL.n);
    CHECK(peers_refused(1) == 451);
}

static void mail_of_a_dead_smtp_is_not_taken(void **state)
{
    (void)state;
    assert_true(peers_life(throw_away_what_smtp_did_not_end));
}

static void hold_much_mail(void)
{
    enum { HELD = 80, IN_BUDGET = 64 * 1024 * 1024 / (700 * 1024) };
    peers_hello();
    for (uint64_t mid = 1; mid <= HELD + IN_BUDGET; mid++) {
        begin_mail(mid);
        send_data(mid, peers_large_body());
        CHECK((peers_gauge("spool_segments") > 0) == (mid > IN_BUDGET));
    }
    for (uint64_t mid = 1; mid <= HELD + IN_BUDGET; mid++) {
        end_mail(mid, peers_large_body().n);
        CHECK(peers_accepted(mid));
    }
}

static void what_arrives_at_once_is_held_in_bounded_memory(void **state)
{
    (void)state;
    assert_true(peers_life(hold_much_mail));
}

static void fail_while_it_arrives(void)
{
    peers_hello();
    begin_mail(1);
    send_data(1, peers_large_body());
    writes_fail = true;
    send_data(1, peers_large_body());
    writes_fail = false;
    CHECK(peers_gauge("spool_segments") == 0);
    send_data(1, peers_large_body());
    CHECK(peers_gauge("spool_segments") == 0);
    end_mail(1, 3 * peers_large_body().n);
    CHECK(peers_refused(1) == 451);
}

static void a_large_message_that_cannot_be_written_frees_its_space_at_once(void **state)
{
    (void)state;
    assert_true(peers_life(fail_while_it_arrives));
}

static bool first_body_unreadable;

ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset)
{
    if (!first_body_unreadable || offset >= 4096)
        return __real_pread(fd, bytes, size, offset);
    errno = EIO;
    return -1;
}

static void accept_two_and_die(void)
{
    peers_accept_one();
    peers_send_mail(2, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(2));
}

static void scan_the_second_then_the_first(void)
{
    first_body_unreadable = true;
    peers_hello();
    AWAIT(peers_scan_job() == 2);
    first_body_unreadable = false;
    AWAIT(peers_scan_job() == 1);
    CHECK(peers_logged("MID 1 cannot be read from the spool") == 1);
}

static void a_body_that_cannot_be_read_does_not_stop_the_others(void **state)
{
    (void)state;
    assert_true(peers_life(accept_two_and_die));
    assert_true(peers_life(scan_the_second_then_the_first));
}

static void try_to_lock(void)
{
    int fd = open("queue/lock", O_RDWR);
    CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK);
}

static void no_second_queue_can_have_the_store(void **state)
{
    (void)state;
    assert_true(peers_life(try_to_lock));
    assert_true(peers_life(try_to_lock)); /* the lock of the first ended with it */
}

static bool checkpoints_fail;

int __real_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages, int *moved);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages, int *moved);
int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages, int *moved)
{
    return checkpoints_fail ? SQLITE_IOERR : __real_sqlite3_wal_checkpoint_v2(db, name, mode, pages, moved);
}

static void fail_to_move_the_log(void)
{
    peers_hello();
    checkpoints_fail = true;
    for (uint64_t mid = 1; mid <= 40; mid++) {
        peers_send_mail(mid, "from@example.org", "to@example.net", MAIL);
        AWAIT(peers_accepted(mid));
    }
    AWAIT(peers_logged("cannot move the log in queue.db") == 1);
    checkpoints_fail = false;
    AWAIT(peers_logged("the log of queue.db is moved again") == 1);
    CHECK(peers_logged("cannot move the log in queue.db") == 1); /* not every try */
}

static void a_log_that_cannot_be_moved_is_told_once(void **state)
{
    (void)state;
    assert_true(peers_life(fail_to_move_the_log));
}

static void find_no_space(void)
{
    struct wire_reader in;
    int fd;
    CHECK(access("queue/ballast", F_OK) != 0);
    peers_smtp_hello(0, 0);
    CHECK(peers_take(ROLE_SMTP, MSG_SPACE, &in, &fd) && wire_get_u8(&in) == 0);
    CHECK(peers_gauge("space_low") == 1);
    CHECK(peers_logged("senders get 452") == 1);
}

static void a_disk_below_its_reserve_takes_no_mail(void **state)
{
    (void)state;
    peers_set("spool.reserve-bytes", "1099511627776"); /* more than any test machine has */
    assert_true(peers_life(find_no_space));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_synced_is_refused_and_the_next_is_taken),
        TEST(other_operations_are_tried_until_they_are_stored),
        TEST(an_operation_that_cannot_be_stored_does_not_stop_the_others),
        TEST(a_damaged_body_is_held_and_goes_nowhere),
        TEST(what_arrives_at_once_is_held_in_bounded_memory),
        TEST(a_large_message_that_cannot_be_written_frees_its_space_at_once),
        TEST(a_body_that_cannot_be_read_does_not_stop_the_others),
        TEST(no_second_queue_can_have_the_store),
        TEST(mail_of_a_dead_smtp_is_not_taken),
        TEST(a_log_that_cannot_be_moved_is_told_once),
        TEST(a_disk_below_its_reserve_takes_no_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
