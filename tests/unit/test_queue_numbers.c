/* The queue role behind its hooks: what it counts, the domains it knows, and listeners suspended by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/protocol_queue.h"
#include "tests/unit/queue_peers.h"

enum { ID = 7, RESUME = 0, SUSPEND = 1 };

static void put_names(struct buf *out, const char *const *names)
{
    uint32_t count = 0;
    while (names[count])
        count++;
    wire_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++)
        wire_put_span(out, span_text(names[i]));
}

static void ask_suspend(uint8_t verb, const char *const *these, const char *const *others)
{
    struct buf body = {0};
    wire_put_u32(&body, ID);
    wire_put_u8(&body, QUEUE_PART_LISTENERS);
    wire_put_u8(&body, verb);
    wire_put_span(&body, SPAN("admin"));
    put_names(&body, these);
    put_names(&body, others);
    peers_tell(ROLE_CONTROL, MSG_SUSPEND, &body);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_NAMES ((const char *const[]){NULL})

/* Whether the next answer says: all are suspended, or these many by name. */
static bool says(bool all, uint32_t names)
{
    struct wire_reader in;
    int fd;
    if (!peers_take(ROLE_CONTROL, MSG_SUSPEND_REPLY, &in, &fd) || wire_get_u32(&in) != ID)
        return false;
    bool is_all = wire_get_u8(&in) & QUEUE_PART_LISTENERS;
    return is_all == all && wire_get_u32(&in) == names;
}

static void suspend_two_at_once(void)
{
    peers_hello();
    ask_suspend(SUSPEND, NAMES("a"), NAMES("b", "c"));
    ask_suspend(SUSPEND, NAMES("b"), NAMES("a", "c"));
    CHECK(!says(false, 1)); /* not before it is on disk */
    peers_turn();
    CHECK(says(false, 1) && says(false, 2));
    CHECK(peers_logged("receiving on a suspended by admin") == 1);
}

static void go_on_with_them(void)
{
    peers_hello();
    CHECK(peers_gauge("listeners_suspended_by_name") == 2);
    ask_suspend(RESUME, NAMES("a"), NAMES("b", "c"));
    peers_turn();
    CHECK(says(false, 1));
    ask_suspend(SUSPEND, NAMES("c"), NAMES("a")); /* b is not configured any more */
    peers_turn();
    CHECK(says(false, 1));
    ask_suspend(SUSPEND, NO_NAMES, NAMES("a", "c"));
    peers_turn();
    CHECK(says(true, 0) && peers_gauge("listeners_suspended") == 1);
    ask_suspend(RESUME, NAMES("a"), NAMES("c", "d"));
    peers_turn();
    CHECK(says(false, 2) && peers_gauge("listeners_suspended") == 0);
    ask_suspend(RESUME, NO_NAMES, NAMES("a", "c", "d"));
    peers_turn();
    CHECK(says(false, 0));
}

static void listeners_are_suspended_one_by_one_and_stay_so_after_a_kill(void **state)
{
    (void)state;
    assert_true(peers_life(suspend_two_at_once));
    assert_true(peers_life(go_on_with_them));
}

/* ---- numbers ---- */

static struct host_row host(const char *name)
{
    struct buf body = {0};
    struct wire_reader in;
    struct host_row row = {.name = {0}};
    int fd;
    wire_put_u32(&body, ID);
    wire_put_u8(&body, HOST_ACTIVE);
    wire_put_span(&body, span_text(name));
    peers_tell(ROLE_CONTROL, MSG_HOSTS, &body);
    CHECK(peers_take(ROLE_CONTROL, MSG_HOSTS_REPLY, &in, &fd) && wire_get_u32(&in) == ID);
    if (wire_get_u32(&in) == 1)
        host_row_get(&in, &row);
    CHECK(wire_reader_done(&in));
    return row;
}

static bool host_is(const char *name, uint64_t active, uint64_t out, uint64_t delivered, uint64_t hard)
{
    struct host_row row = host(name);
    return row.figures[HOST_ACTIVE] == active && row.figures[HOST_OUT] == out &&
           row.figures[HOST_DELIVERED] == delivered && row.figures[HOST_HARD] == hard;
}

static void follow_one(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_gauge("oldest_message") == 0);
    peers_send_mail(1, "from@example.org", "a@Net.example b@net.example", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    CHECK(peers_gauge("workqueue_in") == 1 && peers_gauge("workqueue_out") == 0);
    CHECK(peers_gauge("oldest_message") > 0);
    CHECK(host("net.example").name.n == 0); /* it waits for its scan */
    peers_judge(1, 2, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(peers_gauge("workqueue_out") == 1);
    CHECK(peers_deliver_job(&job, &text));
    CHECK(host_is("NET.example", 2, 1, 0, 0));
    peers_deliver(&job, DELIVER_FAILED, "gone for good");
    CHECK(host_is("net.example", 0, 0, 0, 2));
    CHECK(span_find(host("net.example").failure, 'g') < host("net.example").failure.n);
    CHECK(host_is("example.org", 1, 1, 0, 0)); /* the bounce */
}

static void a_message_is_counted_on_its_way(void **state)
{
    (void)state;
    assert_true(peers_life(follow_one));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(listeners_are_suspended_one_by_one_and_stay_so_after_a_kill),
        TEST(a_message_is_counted_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
