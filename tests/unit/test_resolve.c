/* From names to addresses, against a name server that runs on the same loop and says what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/role.h"
#include "daemon/sandbox.h"
#include "daemon/smtp/dns.h"
#include "daemon/smtp/resolve.h"
#include "engine/base/clock.h"
#include "tests/unit/dns_server.h"

/* The skeleton of the role */

static struct event_base *base;
static struct settings settings;

struct event_base *role_base(void)
{
    return base;
}

const struct settings *role_settings(void)
{
    return &settings;
}

void role_fatal(const char *format, ...)
{
    fprintf(stderr, "%s\n", format);
    abort();
}

static int64_t clock_ahead;
int64_t __real_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void)
{
    return __real_clock_mono_us() + clock_ahead;
}

static void pass_seconds(int64_t seconds)
{
    clock_ahead += seconds * 1000000;
}

/* Asking */

static struct dns_server server;

static struct result {
    unsigned times;
    char enhanced[16];
    char addresses[4096]; /* "PREFERENCE ADDRESS, ..." as sorted */
    uint32_t count;
} result;

static void on_resolved(void *context, const struct resolution *r)
{
    (void)context;
    struct buf out = {0};
    result.times++;
    snprintf(result.enhanced, sizeof result.enhanced, "%.*s", (int)r->enhanced.n,
             r->enhanced.n ? r->enhanced.p : "");
    for (uint32_t i = 0; r->destination && i < r->destination->count; i++) {
        const struct destination_address *a = &r->destination->addresses[i];
        char text[INET6_ADDRSTRLEN];
        inet_ntop(a->rank & 1 ? AF_INET6 : AF_INET, a->bytes, text, sizeof text);
        buf_printf(&out, "%s%u %s", i ? ", " : "", destination_preference(r->destination, (int)i), text);
    }
    result.count = r->destination ? r->destination->count : 0;
    snprintf(result.addresses, sizeof result.addresses, "%s", buf_text(&out));
    buf_free(&out);
}

static void ask(const char *host, bool mx)
{
    result = (struct result){0};
    resolve_host(span_text(host), mx, on_resolved, NULL);
    while (result.times == 0)
        event_base_loop(base, EVLOOP_ONCE);
}

static void assert_leads_to(const char *host, bool mx, const char *addresses)
{
    ask(host, mx);
    assert_string_equal(result.enhanced, "");
    assert_string_equal(result.addresses, addresses);
}

static void assert_fails(const char *host, bool mx, const char *enhanced)
{
    ask(host, mx);
    assert_string_equal(result.addresses, "");
    assert_string_equal(result.enhanced, enhanced);
}

/* Each test has names of its own: what one has looked up is kept. */

static void exchanges_come_by_preference_with_ipv4_first(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"order.example", "20 two.example", 60, 0}, {"order.example", "10 one.example", 60, 0},
        {"two.example", "192.0.2.2", 60, 0},        {"one.example", "2001:db8::1", 60, 0},
        {"one.example", "192.0.2.1", 60, 0},        {0}};
    server.rows = rows;
    assert_leads_to("Order.Example", true, "10 192.0.2.1, 10 2001:db8::1, 20 192.0.2.2");
}

static void a_domain_without_exchanges_is_its_own(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"plain.example", "192.0.2.3", 60, 0}, {0}};
    server.rows = rows;
    assert_leads_to("plain.example", true, "0 192.0.2.3");
}

static void exchanges_of_a_host_are_left_out_when_not_asked_for(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"host.example", "10 elsewhere.example", 60, 0}, {"host.example", "192.0.2.4", 60, 0}, {0}};
    server.rows = rows;
    assert_leads_to("host.example", false, "0 192.0.2.4");
}

static void literals_and_localhost_ask_nobody(void **state)
{
    (void)state;
    unsigned before = server.questions;
    assert_leads_to("192.0.2.5", true, "0 192.0.2.5");
    assert_leads_to("2001:db8::5", false, "0 2001:db8::5");
    assert_leads_to("localhost", false, "0 127.0.0.1");
    assert_int_equal(server.questions, before);
}

static void what_is_certain_fails_for_ever(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"null.example", "0 .", 60, 0},       {"dead.example", "10 gone.example", 60, 0},
        {"dead.example", "192.0.2.6", 60, 0}, {"zero.example", "10 any.example", 60, 0},
        {"any.example", "0.0.0.0", 60, 0},    {"any.example", "::ffff:127.0.0.1", 60, 0},
        {"empty.example", NULL, 60, 0},       {0}};
    server.rows = rows;
    assert_fails("null.example", true, "5.1.10");
    assert_fails("unknown.example", true, "5.1.2");
    assert_fails("empty.example", true, "5.1.2");
    assert_fails("dead.example", true, "5.4.4");
    assert_fails("zero.example", true, "5.4.4");
    assert_fails("unknown.example", false, "5.4.4");
    assert_fails("bad name.example", true, "5.1.2");
    assert_fails("", true, "5.1.2");
}

static void what_is_unsure_is_asked_again_later(void **state)
{
    (void)state;
    static const struct dns_row sick[] = {
        {"sick.example", "10 .", 0, CODE_SERVFAIL}, {"sick.example", "192.0.2.7", 60, 0}, {0}};
    static const struct dns_row well[] = {{"sick.example", "192.0.2.7", 60, 0}, {0}};
    server.rows = sick;
    assert_fails("sick.example", true, "4.4.3"); /* its address may be a web server's */
    server.rows = well;
    assert_fails("sick.example", true, "4.4.3");
    pass_seconds(6);
    assert_leads_to("sick.example", true, "0 192.0.2.7");
}

static void silence_ends_in_a_deferral(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"silent.example", NULL, 0, CODE_SILENCE}, {0}};
    server.rows = rows;
    int64_t start = clock_mono_us();
    assert_fails("silent.example", true, "4.4.3");
    assert_in_range(clock_mono_us() - start, 2000000, 9000000);
}

static void one_exchange_that_cannot_be_looked_up_does_not_hide_the_other(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"half.example", "10 ill.example", 60, 0},
                                          {"half.example", "20 fit.example", 60, 0},
                                          {"ill.example", NULL, 0, CODE_SERVFAIL},
                                          {"fit.example", "192.0.2.8", 60, 0},
                                          {0}};
    server.rows = rows;
    assert_leads_to("half.example", true, "20 192.0.2.8");
}

static void an_answer_of_which_a_part_is_missing_is_asked_for_again_soon(void **state)
{
    (void)state;
    static const struct dns_row sick[] = {{"part.example", "10 first.part.example", 3600, 0},
                                          {"part.example", "20 second.part.example", 3600, 0},
                                          {"first.part.example", NULL, 0, CODE_SERVFAIL},
                                          {"second.part.example", "192.0.2.21", 3600, 0},
                                          {0}};
    static const struct dns_row well[] = {{"part.example", "10 first.part.example", 3600, 0},
                                          {"first.part.example", "192.0.2.20", 3600, 0},
                                          {0}};
    server.rows = sick;
    assert_leads_to("part.example", true, "20 192.0.2.21");
    server.rows = well;
    pass_seconds(6);
    assert_leads_to("part.example", true, "10 192.0.2.20");
}

static void answers_are_kept_for_their_time_to_live(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"kept.example", "10 mx.kept.example", 3600, 0}, {"mx.kept.example", "192.0.2.9", 30, 0}, {0}};
    static const struct dns_row moved[] = {{"kept.example", "192.0.2.10", 30, 0}, {0}};
    server.rows = rows;
    assert_leads_to("kept.example", true, "10 192.0.2.9");
    unsigned asked = server.questions;
    server.rows = moved;
    pass_seconds(29);
    assert_leads_to("kept.example", true, "10 192.0.2.9");
    assert_int_equal(server.questions, asked);
    pass_seconds(1);
    assert_leads_to("kept.example", true, "0 192.0.2.10");
}

static void who_asks_for_the_same_at_once_shares_the_answer(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"shared.example", "192.0.2.11", 60, 0}, {0}};
    server.rows = rows;
    unsigned before = server.questions;
    result = (struct result){0};
    for (int i = 0; i < 10; i++)
        resolve_host(SPAN("shared.example"), true, on_resolved, NULL);
    while (result.times < 10)
        event_base_loop(base, EVLOOP_ONCE);
    assert_string_equal(result.addresses, "0 192.0.2.11");
    assert_int_equal(server.questions - before, 3); /* MX, A, AAAA */
}

static void a_long_answer_comes_by_tcp(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"long.example", "192.0.2.12", 60, 0}, {0}};
    server.rows = rows;
    server.truncate = true;
    assert_leads_to("long.example", false, "0 192.0.2.12");
    server.truncate = false;
}

/* 100 exchanges of 30 addresses each: 20 exchanges are asked for, and what they say is bounded, too. */
static void a_flood_of_records_is_cut(void **state)
{
    (void)state;
    enum { EXCHANGES = 100, ADDRESSES = 30 };
    static struct dns_row rows[EXCHANGES * (1 + ADDRESSES) + 1];
    static char texts[EXCHANGES * (1 + ADDRESSES)][48], names[EXCHANGES][32];
    size_t n = 0;
    for (unsigned x = 0; x < EXCHANGES; x++) {
        snprintf(names[x], sizeof names[x], "mx%u.flood.example", x);
        snprintf(texts[n], sizeof texts[n], "%u mx%u.flood.example", 1000 - x, x);
        rows[n] = (struct dns_row){"flood.example", texts[n], 60, 0};
        n++;
        for (unsigned a = 0; a < ADDRESSES; a++, n++) {
            snprintf(texts[n], sizeof texts[n], "10.%u.0.%u", x, a);
            rows[n] = (struct dns_row){names[x], texts[n], 60, 0};
        }
    }
    server.rows = rows;
    server.truncate = true; /* it would not fit into a datagram */
    unsigned before = server.questions;
    ask("flood.example", true);
    server.truncate = false;
    assert_int_equal(result.count, DESTINATION_MAX);
    assert_int_equal(server.questions - before, 2 * (1 + 2 * DNS_RECORDS_MAX));
    assert_memory_equal(result.addresses, "901 10.99.0.0",
                        13); /* the best preference, although it was sent last */
}

static void many_names_are_forgotten_in_turn(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{0}};
    char name[32];
    server.rows = rows;
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "n%u.many.example", i);
        assert_fails(name, true, "5.1.2");
    }
    unsigned before = server.questions;
    assert_fails("n2999.many.example", true, "5.1.2");
    assert_int_equal(server.questions, before);
    assert_fails("n0.many.example", true, "5.1.2");
    assert_int_equal(server.questions, before + 1);
}

/* The last: this process keeps the sandbox. */
static void the_sandbox_of_the_role_lets_names_be_looked_up_and_no_file_be_read(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"boxed.example", "10 mx.boxed.example", 60, 0}, {"mx.boxed.example", "192.0.2.13", 60, 0}, {0}};
    const struct sandbox box = {.network = true};
    struct buf report = {0};
    struct error error;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        event_reinit(base);
        if (!sandbox_enter(&box, &report, &error))
            _exit(2);
        bool unread = strstr(buf_text(&report), "no landlock") || access("/etc/resolv.conf", R_OK) != 0 ||
                      !fopen("/etc/resolv.conf", "r");
        server.rows = rows;
        server.truncate = true;
        ask("boxed.example", true);
        _exit(unread && strcmp(result.addresses, "10 192.0.2.13") == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int set_up(void **state)
{
    (void)state;
    struct error error;
    char servers[32];
    signal(SIGPIPE, SIG_IGN); /* as in every role */
    base = event_base_new();
    settings_init(&settings);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", dns_server_start(&server, base));
    return settings_set(&settings, "dns.servers", servers, &error) &&
                   settings_set(&settings, "dns.timeout", "1", &error) && dns_init(&error)
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_come_by_preference_with_ipv4_first),
        cmocka_unit_test(a_domain_without_exchanges_is_its_own),
        cmocka_unit_test(exchanges_of_a_host_are_left_out_when_not_asked_for),
        cmocka_unit_test(literals_and_localhost_ask_nobody),
        cmocka_unit_test(what_is_certain_fails_for_ever),
        cmocka_unit_test(what_is_unsure_is_asked_again_later),
        cmocka_unit_test(silence_ends_in_a_deferral),
        cmocka_unit_test(one_exchange_that_cannot_be_looked_up_does_not_hide_the_other),
        cmocka_unit_test(an_answer_of_which_a_part_is_missing_is_asked_for_again_soon),
        cmocka_unit_test(answers_are_kept_for_their_time_to_live),
        cmocka_unit_test(who_asks_for_the_same_at_once_shares_the_answer),
        cmocka_unit_test(a_long_answer_comes_by_tcp),
        cmocka_unit_test(a_flood_of_records_is_cut),
        cmocka_unit_test(many_names_are_forgotten_in_turn),
        cmocka_unit_test(the_sandbox_of_the_role_lets_names_be_looked_up_and_no_file_be_read),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
