/* Outgoing mail: from a job of the queue to its result, over a name server and next hops that run on the same loop.
 *
 * Next hops are addresses of 127.0.0.0/8 with one port; behind an address that no test has opened nobody listens.
 */
#define _GNU_SOURCE /* memfd_create, memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/net.h"
#include "daemon/role.h"
#include "daemon/smtp/client.h"
#include "daemon/smtp/dns.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/listener.h"
#include "daemon/smtp/smtp.h"
#include "tests/unit/dns_server.h"

enum { HOPS = 4 };

static struct event_base *base;
static struct settings settings;
static struct dns_server server;

/* What the queue hears */

static struct heard {
    unsigned results;
    enum deliver_outcome outcome;
    char enhanced[16], text[200];
} heard;

static void hear_result(struct span body)
{
    struct arena *arena = arena_new();
    struct wire_reader in = wire_reader_of(body);
    struct deliver_result result;
    assert_true(deliver_result_get(&in, arena, &result));
    assert_int_equal(result.reply_count, 1);
    const struct deliver_reply *reply = &result.replies[0];
    heard.results++;
    heard.outcome = reply->outcome;
    snprintf(heard.enhanced, sizeof heard.enhanced, "%.*s", (int)reply->enhanced.n, reply->enhanced.p);
    snprintf(heard.text, sizeof heard.text, "%.*s", (int)reply->text.n, reply->text.p);
    uint64_t mid = result.mid;
    uint32_t attempt = result.attempt;
    arena_free(arena);
    client_acknowledged(mid, attempt);
}

/* The rest of the role */

const struct role role_self = {.id = ROLE_SMTP};

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

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    static uint64_t next_id = 1;
    assert_int_equal(peer, ROLE_QUEUE);
    assert_int_equal(fd, -1);
    if (type == MSG_ID_REQUEST) {
        ids_add_block((enum id_kind)body.p[0], next_id, 1000);
        next_id += 1000;
    } else if (type == MSG_DELIVER_RESULT) {
        hear_result(body);
    }
    return true;
}

bool smtp_is_stopping(void)
{
    return false;
}

const char *smtp_hostname(void)
{
    return "gateway.example";
}

/* Next hops */

static int64_t clock_ahead;
int64_t __real_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void)
{
    return __real_clock_mono_us() + clock_ahead;
}

static in_port_t port;
static int64_t seconds_to_greeting; /* that pass on the clock */
static struct hop_server {
    int fd;
    const char *greeting;
    unsigned connections, messages;
    unsigned open, most; /* connections at a time; 0: any number */
    bool drags;          /* takes eleven minutes for RCPT, and is mute behind it */
    bool mute;           /* says no more */
    int muted;           /* a connection on which it said nothing; -1: none */
} hop_servers[HOPS];

static struct hop_server *ours; /* stands for a listener of this gateway */

bool listener_serves(const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN], own[INET6_ADDRSTRLEN];
    net_print_address(address, text);
    snprintf(own, sizeof own, "127.0.0.%d", ours ? (int)(ours - hop_servers) + 1 : 0);
    return net_port(address) == port && strcmp(text, own) == 0;
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        perror("send");
}

struct client {
    struct event *readable;
    struct hop_server *hop;
    bool data;
};

/* Without PIPELINING commands come one by one, and a small message in one piece. */
static void on_client(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    char bytes[4096];
    struct client *c = context;
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) {
        event_free(c->readable);
        close(fd);
        c->hop->open--;
        free(c);
        return;
    }
    if (c->hop->mute) {
        c->hop->muted = fd;
    } else if (c->hop->drags && strncmp(bytes, "RCPT", 4) == 0) {
        clock_ahead += 11 * 60 * INT64_C(1000000);
        settings.deliver_timeout = 3600;
        c->hop->mute = true;
        say(fd, "250 fine\r\n");
    } else if (c->data) {
        c->data = !memmem(bytes, (size_t)got, "\r\n.\r\n", 5);
        c->hop->messages += !c->data;
        say(fd, c->data ? "" : "250 2.0.0 taken\r\n");
    } else {
        c->data = strncmp(bytes, "DATA", 4) == 0;
        say(fd, c->data ? "354 go on\r\n" : "250 fine\r\n");
    }
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    int accepted = accept(fd, NULL, NULL);
    c->hop = context;
    c->hop->connections++;
    c->readable = event_new(base, accepted, EV_READ | EV_PERSIST, on_client, c);
    event_add(c->readable, NULL);
    clock_ahead += seconds_to_greeting * 1000000;
    c->hop->open++;
    say(accepted, c->hop->most && c->hop->open > c->hop->most ? "421 4.7.0 too many\r\n" : c->hop->greeting);
}

/* Hop 0 is at 127.0.0.1 and so on. */
static void open_hop(int index)
{
    struct hop_server *hop = &hop_servers[index];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)index)};
    socklen_t size = sizeof at;
    hop->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    hop->greeting = "220 hop.example\r\n";
    hop->muted = -1;
    assert_int_equal(bind(hop->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(hop->fd, 10), 0);
    assert_int_equal(getsockname(hop->fd, (struct sockaddr *)&at, &size), 0);
    port = ntohs(at.sin_port);
    event_add(event_new(base, hop->fd, EV_READ | EV_PERSIST, on_connection, hop), NULL);
}

/* Jobs */

static int message(void)
{
    const char text[] = "Subject: x\r\n\r\nhello\r\n";
    int fd = memfd_create("message", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    return fd;
}

static bool own_domain = true;

static void begin(const char *host, bool mx)
{
    static uint64_t mid = 1;
    const struct deliver_recipient recipient = {.rid = 0, .address = SPAN("ben@example.com")};
    const struct deliver_job job = {.mid = mid++,
                                    .attempt = 1,
                                    .host = span_text(host),
                                    .port = port,
                                    .mx = mx,
                                    .own_domain = own_domain,
                                    .sender = SPAN("anna@example.org"),
                                    .recipients = &recipient,
                                    .recipient_count = 1};
    client_deliver(&job, message());
}

static void deliver(const char *host, bool mx)
{
    heard = (struct heard){0};
    begin(host, mx);
    while (heard.results == 0)
        event_base_loop(base, EVLOOP_ONCE);
}

static void assert_delivered(const char *host, struct hop_server *to)
{
    unsigned before = to->messages;
    deliver(host, true);
    assert_string_equal(heard.text, "taken");
    assert_int_equal(heard.outcome, DELIVER_DONE);
    assert_int_equal(to->messages, before + 1);
}

static void assert_ends(const char *host, enum deliver_outcome outcome, const char *enhanced)
{
    deliver(host, true);
    assert_string_equal(heard.enhanced, enhanced);
    assert_int_equal(heard.outcome, outcome);
}

static void the_best_exchange_gets_the_mail(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"best.example", "20 two.example", 60, 0},
                                          {"best.example", "10 one.example", 60, 0},
                                          {"one.example", "127.0.0.1", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {0}};
    server.rows = rows;
    for (int i = 0; i < 5; i++)
        assert_delivered("best.example", &hop_servers[0]);
}

static void the_next_exchange_gets_it_when_the_best_is_away(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"away.example", "10 nobody.example", 60, 0},
                                          {"away.example", "20 two.example", 60, 0},
                                          {"nobody.example", "127.0.0.9", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {0}};
    server.rows = rows;
    assert_delivered("away.example", &hop_servers[1]);
}

static void the_next_exchange_gets_it_when_the_best_does_not_want_to_talk(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"busy.example", "10 one.example", 60, 0},
                                          {"busy.example", "20 two.example", 60, 0},
                                          {"one.example", "127.0.0.3", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {0}};
    server.rows = rows;
    hop_servers[2].greeting = "421 4.3.2 busy\r\n";
    unsigned asked = hop_servers[2].connections;
    assert_delivered("busy.example", &hop_servers[1]);
    assert_int_equal(hop_servers[2].connections, asked + 1);
    /* One takes the connection that is open, the other makes one, and not to the busy exchange again. */
    heard = (struct heard){0};
    begin("busy.example", true);
    begin("busy.example", true);
    while (heard.results < 2)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(hop_servers[2].connections, asked + 1);
    hop_servers[2].greeting = "220 hop.example\r\n";
}

static void addresses_that_never_answer_do_not_hold_a_message_for_ever(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"slow.example", "10 one.slow.example", 60, 0},
                                          {"slow.example", "20 two.slow.example", 60, 0},
                                          {"slow.example", "30 three.slow.example", 60, 0},
                                          {"one.slow.example", "127.0.0.1", 60, 0},
                                          {"two.slow.example", "127.0.0.2", 60, 0},
                                          {"three.slow.example", "127.0.0.3", 60, 0},
                                          {0}};
    server.rows = rows;
    unsigned last = hop_servers[2].connections;
    hop_servers[0].greeting = hop_servers[1].greeting = "421 4.3.2 after 31 seconds\r\n";
    seconds_to_greeting = 31;
    assert_ends("slow.example", DELIVER_DEFERRED, "4.3.2");
    assert_int_equal(hop_servers[2].connections, last);
    hop_servers[0].greeting = hop_servers[1].greeting = "220 hop.example\r\n";
    seconds_to_greeting = 0;
}

static void all_addresses_away_is_a_deferral(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"ghost.example", "127.0.0.9", 60, 0}, {"ghost.example", "127.0.0.10", 60, 0}, {0}};
    server.rows = rows;
    assert_ends("ghost.example", DELIVER_DEFERRED, "4.4.1");
}

static void domains_with_the_same_exchanges_share_connections(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"first.example", "10 shared.example", 60, 0},
                                          {"second.example", "10 shared.example", 60, 0},
                                          {"shared.example", "127.0.0.4", 60, 0},
                                          {0}};
    server.rows = rows;
    assert_delivered("first.example", &hop_servers[3]);
    assert_delivered("second.example", &hop_servers[3]);
    assert_int_equal(hop_servers[3].connections, 1);
}

static void names_that_lead_nowhere_end_the_delivery(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"null.example", "0 .", 60, 0}, {"sick.example", NULL, 0, CODE_SERVFAIL}, {0}};
    server.rows = rows;
    assert_ends("null.example", DELIVER_FAILED, "5.1.10");
    assert_ends("nowhere.example", DELIVER_FAILED, "5.1.2");
    assert_ends("sick.example", DELIVER_DEFERRED, "4.4.3");
}

static void a_way_that_leads_to_this_host_is_a_loop(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"loop.example", "11 us.example", 60, 0},
                                          {"loop.example", "20 two.example", 60, 0},
                                          {"us.example", "127.0.0.3", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {0}};
    server.rows = rows;
    ours = &hop_servers[2];
    unsigned others = hop_servers[1].messages;
    assert_ends("loop.example", DELIVER_FAILED, "5.4.6");
    assert_int_equal(hop_servers[1].messages, others);
    ours = NULL;
}

static void mail_waits_while_the_next_hop_that_was_configured_is_wrong(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {
        {"wrong.example", "11 us.wrong.example", 60, 0}, {"us.wrong.example", "127.0.0.3", 60, 0}, {0}};
    server.rows = rows;
    own_domain = false;
    ours = &hop_servers[2];
    assert_ends("wrong.example", DELIVER_DEFERRED, "4.4.6");
    assert_ends("mistyped.example", DELIVER_DEFERRED, "4.1.2");
    own_domain = true;
    assert_ends("wrong.example", DELIVER_FAILED, "5.4.6");
    ours = NULL;
}

static void mail_waits_while_the_exchanges_before_this_host_are_away(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"backup.example", "10 nobody.example", 60, 0},
                                          {"backup.example", "20 us.example", 60, 0},
                                          {"nobody.example", "127.0.0.9", 60, 0},
                                          {"us.example", "127.0.0.3", 60, 0},
                                          {0}};
    server.rows = rows;
    ours = &hop_servers[2];
    assert_ends("backup.example", DELIVER_DEFERRED, "4.4.1");
    ours = NULL;
}

static void mail_waits_while_the_exchange_before_this_host_cannot_be_looked_up(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"unsure.example", "10 ill.unsure.example", 60, 0},
                                          {"unsure.example", "20 us.unsure.example", 60, 0},
                                          {"ill.unsure.example", NULL, 0, CODE_SERVFAIL},
                                          {"us.unsure.example", "127.0.0.3", 60, 0},
                                          {0}};
    server.rows = rows;
    ours = &hop_servers[2];
    assert_ends("unsure.example", DELIVER_DEFERRED, "4.4.1");
    ours = NULL;
}

/* The exchange refuses a second connection, and loses the first one a little later. */
static void an_exchange_before_this_host_is_tried_although_it_failed_lately(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"lately.example", "10 two.example", 60, 0},
                                          {"lately.example", "20 us.lately.example", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {"us.lately.example", "127.0.0.3", 60, 0},
                                          {0}};
    struct hop_server *exchange = &hop_servers[1];
    server.rows = rows;
    ours = &hop_servers[2];
    assert_delivered("lately.example", exchange);
    unsigned before = exchange->messages, loops = ours->connections;
    heard = (struct heard){0};
    exchange->mute = true;
    exchange->greeting = "421 4.7.0 too many\r\n";
    begin("lately.example", true);
    begin("lately.example", true);
    while (ours->connections == loops || exchange->muted < 0)
        event_base_loop(base, EVLOOP_ONCE);
    exchange->mute = false;
    exchange->greeting = "220 hop.example\r\n";
    shutdown(exchange->muted, SHUT_RDWR);
    while (heard.results < 2)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(exchange->messages, before + 2);
    ours = NULL;
}

static void a_burst_for_a_host_that_is_busy_asks_it_once(void **state)
{
    (void)state;
    enum { JOBS = 20 };
    heard = (struct heard){0};
    hop_servers[2].greeting = "421 4.3.2 busy\r\n";
    unsigned asked = hop_servers[2].connections;
    for (int i = 0; i < JOBS; i++)
        begin("127.0.0.3", false);
    while (heard.results < JOBS)
        event_base_loop(base, EVLOOP_ONCE);
    for (int i = 0; i < JOBS; i++) /* what else was begun is accepted now */
        event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(hop_servers[2].connections, asked + 1);
    hop_servers[2].greeting = "220 hop.example\r\n";
}

static void a_host_that_takes_few_connections_gets_everything(void **state)
{
    (void)state;
    enum { JOBS = 20 };
    heard = (struct heard){0};
    hop_servers[2].most = hop_servers[2].open + 2;
    unsigned before = hop_servers[2].messages;
    for (int i = 0; i < JOBS; i++)
        begin("127.0.0.3", false);
    while (heard.results < JOBS)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(hop_servers[2].messages, before + JOBS);
    hop_servers[2].most = 0;
}

/* Each reply comes in time, but not the delivery as a whole. */
static void a_delivery_that_drags_on_is_given_up(void **state)
{
    (void)state;
    int64_t timeout = settings.deliver_timeout, start = __real_clock_mono_us();
    settings.deliver_timeout = 1; /* to connect; on_client() lengthens it */
    hop_servers[0].drags = true;
    heard = (struct heard){0};
    begin("127.0.0.1", false);
    while (heard.results == 0 && __real_clock_mono_us() < start + 5000000) {
        struct timeval soon = {.tv_usec = 100000};
        event_base_loopexit(base, &soon);
        event_base_loop(base, 0);
    }
    assert_int_equal(heard.results, 1);
    assert_int_equal(heard.outcome, DELIVER_DEFERRED);
    assert_string_equal(heard.enhanced, "4.4.2");
    hop_servers[0].drags = hop_servers[0].mute = false;
    settings.deliver_timeout = timeout;
}

static void many_jobs_at_once_all_come_to_an_end(void **state)
{
    (void)state;
    enum { JOBS = 100 };
    static const struct dns_row rows[] = {{"many.example", "10 nobody.example", 60, 0},
                                          {"many.example", "10 two.example", 60, 0},
                                          {"many.example", "10 one.example", 60, 0},
                                          {"nobody.example", "127.0.0.9", 60, 0},
                                          {"one.example", "127.0.0.1", 60, 0},
                                          {"two.example", "127.0.0.2", 60, 0},
                                          {0}};
    server.rows = rows;
    heard = (struct heard){0};
    unsigned before = hop_servers[0].messages + hop_servers[1].messages;
    for (int i = 0; i < JOBS; i++)
        begin("many.example", true);
    while (heard.results < JOBS)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(hop_servers[0].messages + hop_servers[1].messages, before + JOBS);
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
    if (!settings_set(&settings, "dns.servers", servers, &error) || !dns_init(&error))
        return -1;
    for (int i = 0; i < HOPS; i++)
        open_hop(i);
    ids_ask_queue();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_exchange_gets_the_mail),
        cmocka_unit_test(the_next_exchange_gets_it_when_the_best_is_away),
        cmocka_unit_test(the_next_exchange_gets_it_when_the_best_does_not_want_to_talk),
        cmocka_unit_test(addresses_that_never_answer_do_not_hold_a_message_for_ever),
        cmocka_unit_test(all_addresses_away_is_a_deferral),
        cmocka_unit_test(domains_with_the_same_exchanges_share_connections),
        cmocka_unit_test(names_that_lead_nowhere_end_the_delivery),
        cmocka_unit_test(a_way_that_leads_to_this_host_is_a_loop),
        cmocka_unit_test(mail_waits_while_the_next_hop_that_was_configured_is_wrong),
        cmocka_unit_test(mail_waits_while_the_exchanges_before_this_host_are_away),
        cmocka_unit_test(mail_waits_while_the_exchange_before_this_host_cannot_be_looked_up),
        cmocka_unit_test(an_exchange_before_this_host_is_tried_although_it_failed_lately),
        cmocka_unit_test(a_burst_for_a_host_that_is_busy_asks_it_once),
        cmocka_unit_test(a_host_that_takes_few_connections_gets_everything),
        cmocka_unit_test(a_delivery_that_drags_on_is_given_up),
        cmocka_unit_test(many_jobs_at_once_all_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
