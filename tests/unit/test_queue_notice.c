/* The queue role behind its hooks: mail that the gateway makes itself. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/queue_peers.h"

#define NOTICE                                                                                               \
    SPAN("Message-ID: <alert.1@gw.example>\r\nSubject: trouble\r\nX-Advertisement: spam\r\n\r\nbody\r\n")

static const struct span addresses[] = {SPAN("ops@example.com"), SPAN("boss@example.com")};

static void put(struct buf *body, struct span text, const struct span *recipients, uint32_t count)
{
    notice_put(body, &(struct notice){7, text, recipients, count});
}

static void send_notice(void)
{
    struct buf body = {0};
    put(&body, NOTICE, addresses, 2);
    peers_tell(ROLE_CONTROL, MSG_NOTICE, &body);
    peers_turn();
}

/* Takes the answer; the MID, 0 when it was refused. */
static uint64_t answer(bool for_ever)
{
    struct wire_reader in;
    int fd;
    CHECK(peers_take(ROLE_CONTROL, MSG_NOTICE_STORED, &in, &fd));
    CHECK(wire_get_u64(&in) == 7);
    uint64_t mid = wire_get_u64(&in);
    CHECK((wire_get_span(&in).n == 0) == (mid != 0));
    CHECK((wire_get_u8(&in) != 0) == for_ever && wire_reader_done(&in));
    return mid;
}

static uint64_t answered(void)
{
    return answer(false);
}

static struct deliver_job take_job(uint64_t mid)
{
    struct deliver_job job;
    struct span text;
    CHECK(peers_deliver_job(&job, &text));
    CHECK(job.mid == mid && job.sender.n == 0 && job.recipient_count == 2);
    CHECK(span_equal(text, NOTICE));
    return job;
}

static void store_and_die(void)
{
    peers_hello();
    send_notice();
    uint64_t mid = answered();
    CHECK(mid != 0);
    take_job(mid);
    CHECK(peers_scan_job() == 0);
}

static void deliver_in_the_next_life(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_deliver_job(&job, &text) && span_equal(text, NOTICE));
    CHECK(peers_scan_job() == 0);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_finals(FINAL_DELIVERED) == 2 && peers_gauge("messages") == 0);
}

static void a_notice_is_on_disk_before_its_answer_and_goes_unscanned(void **state)
{
    (void)state;
    assert_true(peers_life(store_and_die));
    assert_true(peers_life(deliver_in_the_next_life));
}

static void fail_to_deliver(void)
{
    struct span text;
    peers_hello();
    send_notice();
    struct deliver_job job = take_job(answered());
    peers_deliver(&job, DELIVER_FAILED, "no such user");
    CHECK(peers_finals(FINAL_DROPPED) == 2 && peers_gauge("messages") == 0);
    CHECK(!peers_deliver_job(&job, &text));
    CHECK(peers_logged("was generated for bounce") == 0 && peers_logged("Double bounce") == 2);
}

static void a_notice_never_bounces(void **state)
{
    (void)state;
    assert_true(peers_life(fail_to_deliver));
}

static void refuse_while_the_disk_fails(void)
{
    peers_hello();
    peers_sync_fails = true;
    send_notice();
    CHECK(answered() == 0 && peers_gauge("messages") == 0);
    peers_sync_fails = false;
    send_notice();
    AWAIT(peers_gauge("messages") == 1);
    take_job(answered());
}

static void what_cannot_be_stored_is_refused_and_may_come_again(void **state)
{
    (void)state;
    assert_true(peers_life(refuse_while_the_disk_fails));
}

static void send_nonsense(void)
{
    const struct span bad = SPAN("a b@example.com");
    const struct span texts[] = {SPAN(""), SPAN("Subject: x\n\nbody\n"), SPAN("Subject: x\r\r\n"),
                                 SPAN("Subject: \0\r\n"), SPAN("Subject: x\r\n\r\nno end")};
    for (size_t i = 0; i < 2 + sizeof texts / sizeof texts[0]; i++) {
        struct buf body = {0};
        if (i == 0)
            put(&body, NOTICE, &bad, 1);
        else if (i == 1)
            put(&body, NOTICE, addresses, 0);
        else
            put(&body, texts[i - 2], addresses, 1);
        peers_tell(ROLE_CONTROL, MSG_NOTICE, &body); /* the role goes on */
        CHECK(answer(true) == 0);
    }
    struct wire_reader in = wire_reader_of(SPAN("short"));
    role_self.message(ROLE_CONTROL, MSG_NOTICE, &in, -1);
    CHECK(in.failed); /* who could be answered? */
    peers_turn();
    CHECK(peers_gauge("messages") == 0);
}

static void what_is_no_message_is_refused_for_ever(void **state)
{
    (void)state;
    assert_true(peers_life(send_nonsense));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_notice_is_on_disk_before_its_answer_and_goes_unscanned),
        TEST(a_notice_never_bounces),
        TEST(what_cannot_be_stored_is_refused_and_may_come_again),
        TEST(what_is_no_message_is_refused_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
