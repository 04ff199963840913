/* The master's sockets: bound as control asks, handed over, closed, and nothing bound that cannot be read. */
#define _GNU_SOURCE /* SO_REUSEPORT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/master/ports.h"
#include "daemon/protocol.h"

static struct event_base *base;
static unsigned opened, closed, changed;
static uint64_t last_id;

static void on_opened(enum role_id role, struct span address, uint16_t port, int fd)
{
    (void)role, (void)address, (void)port;
    int listens = 0;
    socklen_t size = sizeof listens;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size), 0);
    assert_true(listens);
    opened++;
}

static void on_closed(enum role_id role, struct span address, uint16_t port)
{
    (void)role, (void)address, (void)port;
    closed++;
}

static void on_changed(void)
{
    changed++;
}

/* Asks for these; the reasons of those that cannot be, a letter each: 'y' bound, 'n' not; "?" for a request that is not
 * read. */
static const char *ask(bool running, const struct port_wanted *ports, uint32_t count)
{
    static char bound[256];
    struct buf request = {0}, reply = {0};
    opened = closed = changed = 0;
    ports_request_put(&request, &(struct ports_request){++last_id, running, ports, count});
    struct wire_reader in = wire_reader_of(buf_span(&request));
    if (!ports_take(&in, &reply)) {
        buf_free(&request);
        return "?";
    }
    struct wire_reader answer = wire_reader_of(buf_span(&reply));
    assert_int_equal(wire_get_u64(&answer), last_id);
    assert_int_equal(wire_get_u32(&answer), count);
    for (uint32_t i = 0; i < count; i++)
        bound[i] = wire_get_span(&answer).n ? 'n' : 'y';
    bound[count] = '\0';
    assert_true(wire_reader_done(&answer));
    buf_free(&request);
    buf_free(&reply);
    return bound;
}

static const char *described(void)
{
    static struct buf text;
    buf_clear(&text);
    ports_describe(&text);
    return buf_text(&text);
}

static struct port_wanted at(const char *name, const char *address, uint16_t port)
{
    return (struct port_wanted){span_text(name), span_text(address), port, ROLE_SMTP};
}

/* A port that another program has; *fd is its socket. */
static uint16_t occupied_port(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(*fd, 1), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static uint16_t free_port(void)
{
    int fd;
    uint16_t port = occupied_port(&fd);
    close(fd);
    return port;
}

static int set_up(void **state)
{
    (void)state;
    static const struct ports_hooks hooks = {on_opened, on_closed, on_changed};
    base = event_base_new();
    ports_start(base, true, &hooks);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ask(true, NULL, 0);
    ports_end();
    event_base_free(base);
    return 0;
}

static void what_is_prepared_is_bound_and_named_only_when_it_runs(void **state)
{
    (void)state;
    uint16_t port = free_port();
    struct port_wanted wanted = at("In", "127.0.0.1", port);
    char line[64];
    assert_string_equal(ask(false, &wanted, 1), "y");
    assert_int_equal(opened, 1);
    assert_int_equal(changed, 0);
    assert_string_equal(described(), "");
    assert_string_equal(ask(true, &wanted, 1), "y");
    assert_int_equal(opened, 0);
    assert_int_equal(changed, 1);
    snprintf(line, sizeof line, "In 127.0.0.1 %u\n", port);
    assert_string_equal(described(), line);
}

static void what_nobody_wants_any_more_is_closed(void **state)
{
    (void)state;
    struct port_wanted wanted[] = {at("In", "127.0.0.1", free_port()), at("Out", "127.0.0.1", free_port())};
    assert_string_equal(ask(true, wanted, 2), "yy");
    assert_string_equal(ask(true, wanted + 1, 1), "y");
    assert_int_equal(closed, 1);
    assert_int_equal(opened, 0);
    ports_tell(ROLE_SPAMD);
    assert_int_equal(opened, 0);
    ports_tell(ROLE_SMTP);
    assert_int_equal(opened, 1);
}

static void a_new_name_keeps_the_socket(void **state)
{
    (void)state;
    struct port_wanted old = at("In", "127.0.0.1", 0), new = at("Inside", "127.0.0.1", 0);
    ask(true, &old, 1);
    char before[64];
    snprintf(before, sizeof before, "%s", described());
    ask(true, &new, 1);
    assert_int_equal(opened + closed, 0);
    assert_string_equal(strchr(described(), ' '), strchr(before, ' '));
}

static void a_port_of_another_program_is_not_had_until_it_is_free(void **state)
{
    (void)state;
    int other;
    struct port_wanted wanted[] = {at("In", "127.0.0.1", occupied_port(&other)),
                                   at("Far", "192.0.2.1", 2525)};
    assert_string_equal(ask(true, wanted, 2), "nn");
    assert_string_equal(described(), "");
    close(other);
    for (int turn = 0; turn < 100 && opened == 0; turn++)
        event_base_loop(base, EVLOOP_ONCE); /* the next try */
    assert_int_equal(opened, 1);
    assert_int_equal(changed, 2); /* by the request, and now */
}

static void all_addresses_and_one_of_them_share_a_port_but_with_nobody_else(void **state)
{
    (void)state;
    uint16_t port = free_port();
    struct port_wanted wanted[] = {at("All", "0.0.0.0", port), at("One", "127.0.0.1", port)};
    assert_string_equal(ask(true, wanted, 2), "yy");
    int other = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(other, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    assert_int_equal(bind(other, (struct sockaddr *)&address, sizeof address), -1);
    close(other);
}

static void a_request_that_makes_no_sense_binds_nothing(void **state)
{
    (void)state;
    struct port_wanted nul = {SPAN("In"), SPAN("127.0.0.1\0"), 0, ROLE_SMTP}, name = at("In", "localhost", 0),
                       queue = {SPAN("In"), SPAN("127.0.0.1"), 0, ROLE_QUEUE}, many[161];
    assert_string_equal(ask(true, &nul, 1), "?");
    assert_string_equal(ask(true, &queue, 1), "?");
    assert_string_equal(ask(true, &name, 1), "n");
    for (size_t i = 0; i < 161; i++)
        many[i] = at("In", "127.0.0.1", (uint16_t)(20000 + i));
    assert_string_equal(ask(true, many, 161), "?");
    assert_int_equal(opened, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_prepared_is_bound_and_named_only_when_it_runs),
        TEST(what_nobody_wants_any_more_is_closed),
        TEST(a_new_name_keeps_the_socket),
        TEST(a_port_of_another_program_is_not_had_until_it_is_free),
        TEST(all_addresses_and_one_of_them_share_a_port_but_with_nobody_else),
        TEST(a_request_that_makes_no_sense_binds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
