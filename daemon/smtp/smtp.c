/* The smtp role: the network of mail.  Hooks of the skeleton, and who gets which message. */
#define _GNU_SOURCE /* srandom */
#include "daemon/smtp/smtp.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/hostname.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role_messages.h"
#include "daemon/smtp/client.h"
#include "daemon/smtp/dns.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/incoming_relay.h"
#include "daemon/smtp/listener.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/tls.h"
#include "engine/base/clock.h"
#include "engine/smtp/address.h"

enum {
    STOP_SECONDS = 3,
    /* channels, listeners, the event loop, messages as they come from the queue */
    DESCRIPTORS_OWN = 64 + LISTENERS_MAX,
};

static char hostname[HOSTNAME_SIZE];
static size_t session_limit;
static bool space = true, stopping;
static struct event *stop_timer;
static int64_t stop_due;

const char *smtp_hostname(void)
{
    return hostname;
}

size_t smtp_session_limit(void)
{
    return session_limit;
}

bool smtp_has_space(void)
{
    return space;
}

bool smtp_is_stopping(void)
{
    return stopping;
}

/* Each connection needs a descriptor, and deliveries must find theirs however many clients there are. */
static void set_session_limit(void)
{
    const struct settings *set = role_settings();
    struct rlimit limit;
    session_limit = (size_t)set->smtp_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    rlim_t reserve = (rlim_t)deliver_jobs(set->deliver_connections) + CLIENT_POOL_MAX + DESCRIPTORS_OWN;
    if (reserve > limit.rlim_cur / 2)
        reserve = limit.rlim_cur / 2; /* too few for both: half of them for each */
    rlim_t left = limit.rlim_cur - reserve;
    if (session_limit > left)
        session_limit = (size_t)left;
}

static bool start(struct error *error)
{
    set_session_limit();
    srandom((unsigned)clock_wall_us()); /* equal mail exchangers take turns */
    return dns_init(error) && tls_init(error) && tls_client_init(error);
}

/* Certificates are all that has to be built: the rest is read from the running revision when it is needed. */
static void config_prepare(const struct role_config *next)
{
    struct error error;
    const struct config_table *old = role_config()->tables[SCHEMA_CERTIFICATES],
                              *new = next->tables[SCHEMA_CERTIFICATES];
    bool good = (old && config_table_equal(old, new)) || tls_server_prepare(new, &error);
    role_config_prepared(good ? NULL : &error);
}

/* Before the first one it is not known who may be mailed. */
static void config_apply(void)
{
    hostname_read(role_config()->tables[SCHEMA_GATEWAY], hostname);
    tls_server_apply();
    listener_follow_config();
    incoming_relay_follow_config();
}

static void peer_up(enum role_id peer)
{
    if (peer != ROLE_QUEUE)
        return;
    space = true; /* until it says otherwise */
    client_queue_up();
    ids_ask_queue();
    session_queue_back();
}

static void peer_down(enum role_id peer)
{
    if (peer == ROLE_QUEUE)
        session_queue_gone();
}

static void take_id_block(struct wire_reader *in)
{
    uint8_t kind = wire_get_u8(in);
    uint64_t first = wire_get_u64(in);
    uint32_t ids = wire_get_u32(in);
    in->failed |= kind >= ID_KIND_COUNT;
    if (!wire_reader_done(in))
        return;
    ids_add_block(kind, first, ids);
    if (kind == ID_ICID)
        session_ids_arrived();
    if (kind == ID_DCID)
        client_ids_arrived();
}

static void take_refusal(struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    uint16_t code = wire_get_u16(in);
    struct span enhanced = wire_get_span(in), text = wire_get_span(in);
    if (wire_reader_done(in))
        session_mail_refused(mid, code, enhanced, text);
}

static void take_acceptance(struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    if (wire_reader_done(in))
        session_mail_accepted(mid);
}

static void take_job(struct wire_reader *in, int fd)
{
    struct arena *arena = arena_new();
    struct deliver_job job;
    if (deliver_job_get(in, arena, &job))
        client_deliver(&job, fd);
    else if (fd >= 0)
        close(fd);
    arena_free(arena);
}

static void take_acknowledgement(struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    uint32_t attempt = wire_get_u32(in);
    if (wire_reader_done(in))
        client_acknowledged(mid, attempt);
}

static void answer_status(struct wire_reader *in)
{
    const struct role_figure rows[] = {
        {"connections_in", session_count()},
        {"connections_out", client_connection_count()},
    };
    role_answer_status(in, rows, sizeof rows / sizeof rows[0]);
}

static void take_space(struct wire_reader *in)
{
    space = wire_get_u8(in) == 1;
}

/* All without a descriptor. */
static const struct role_message messages[] = {
    {ROLE_MASTER, MSG_PORT_CLOSED, listener_port_closed},
    {ROLE_CONTROL, MSG_STATUS_QUERY, answer_status},
    {ROLE_QUEUE, MSG_ID_BLOCK, take_id_block},
    {ROLE_QUEUE, MSG_MAIL_ACCEPTED, take_acceptance},
    {ROLE_QUEUE, MSG_MAIL_REFUSED, take_refusal},
    {ROLE_QUEUE, MSG_SPACE, take_space},
    {ROLE_QUEUE, MSG_LISTENERS_SUSPENDED, listener_take_suspension},
    {ROLE_QUEUE, MSG_DELIVER_ACK, take_acknowledgement},
};

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_QUEUE && type == MSG_DELIVER) {
        take_job(in, fd);
    } else if (peer == ROLE_MASTER && type == MSG_PORT) {
        listener_take_port(in, fd);
    } else {
        if (fd >= 0)
            close(fd);
        role_message_take(messages, sizeof messages / sizeof messages[0], peer, type, in);
    }
}

/* Ends as soon as nobody waits for anything that can still come in time. */
static void on_stop_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    struct timeval soon = {.tv_usec = 20000};
    if (clock_mono_us() >= stop_due || (session_waiting_count() == 0 && delivery_running_count() == 0))
        role_exit();
    evtimer_add(stop_timer, &soon);
}

static void stop(void)
{
    if (stopping)
        return;
    stopping = true;
    stop_due = clock_mono_us() + STOP_SECONDS * 1000000;
    stop_timer = evtimer_new(role_base(), on_stop_timer, NULL);
    listener_stop_all();
    session_stop_all();
    client_stop();
    on_stop_timer(-1, 0, NULL);
}

const struct role role_self = {
    .id = ROLE_SMTP,
    .start = start,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .message = message,
    .config_prepare = config_prepare,
    .config_apply = config_apply,
    .config_discard = tls_server_discard,
    .stop = stop,
};
