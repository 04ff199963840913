/* The log role: one stream of typed events in; logs, tracking rows and counters (counters.h) out.
 *
 * Nothing here may hold up mail: a line that the disk does not take is counted as lost, an event that cannot be
 * stored is not acknowledged and comes again from the queue's outbox.
 */
#include <unistd.h>

#include "daemon/log/alert.h"
#include "daemon/log/counters.h"
#include "daemon/log/reorder.h"
#include "daemon/log/store_tracking.h"
#include "daemon/log/subscription.h"
#include "daemon/log/syslog.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum {
    TICK_MS = 25,
    HOLD_US = 50000, /* how long a line waits for one that happened before it */
    TRACKING_BATCH = 500,
    TRACKING_WAIT_TICKS = 20,
    TRACKING_OPEN_TICKS = 40,
    EARLY_MAX = 1024 * 1024, /* bytes of lines that came before the configuration */
};

static const char tracking_path[] = "track/tracking.db";
static const char counters_path[] = "track/counters.db";

static struct event *tick;

/* Until the first configuration says which logs there are: events, a row of spans. */
static bool is_configured;
static struct buf early;
static uint64_t early_lost;

/* The tracking batch in hand.  The queue sends a bounded window, so a disk that takes nothing cannot fill it. */
static struct buf batch;
static uint64_t batch_last;
static unsigned batch_count, batch_ticks;
static bool tracking_failed, tracking_is_open;

static void take_line(struct wire_reader *in)
{
    enum log_line line;
    int64_t time;
    static struct buf text;
    struct span event = in->rest;
    if (!log_event_begin(in, &line, &time))
        return; /* the skeleton ends us: the peer is broken */
    counters_add(line);
    alert_pass_on(line, event);
    uint32_t wanted = subscriptions_wanting(line);
    if (!wanted) {
        in->rest = (struct span){0};
        return;
    }
    buf_clear(&text);
    if (!log_event_text(in, line, &text))
        return;
    /* A stamp of the future (the clock was set back) would hold the line until then. */
    int64_t now = clock_wall_us();
    reorder_add(&(struct log_record){time < now ? time : now, wanted, line, buf_span(&text)});
}

static void take_event(struct wire_reader *in)
{
    if (is_configured) {
        take_line(in);
        return;
    }
    if (early.len + in->rest.n <= EARLY_MAX)
        wire_put_span(&early, in->rest);
    else
        early_lost++;
    in->rest = (struct span){0};
}

/* Our own lines take the short way. */
static bool take_own_line(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    take_event(&in);
    return true;
}

static void take_early(void)
{
    struct wire_reader in = wire_reader_of(buf_span(&early));
    is_configured = true;
    while (in.rest.n) {
        struct wire_reader event = wire_reader_of(wire_get_span(&in));
        take_line(&event);
    }
    buf_free(&early);
    if (early_lost)
        LOG(LINES_LOST, LOG_U(early_lost), LOG_T("log"));
    early_lost = 0;
}

static void write_lines(int64_t until)
{
    reorder_take(until, subscriptions_add);
    subscriptions_write();
}

/* ---- the configuration ---- */

static void config_prepare(const struct role_config *next)
{
    struct error error;
    bool good = subscriptions_prepare(next->tables[SCHEMA_LOGS], !is_configured, &error);
    role_config_prepared(good ? NULL : &error);
}

/* Lines that are held belong to the logs of before. */
static void config_apply(void)
{
    write_lines(INT64_MAX);
    subscriptions_apply();
    if (!is_configured)
        take_early();
}

/* ---- tracking ---- */

static void commit_tracking(void)
{
    struct error error;
    batch_ticks = 0;
    if (batch_count == 0 || !tracking_is_open)
        return;
    bool written = tracking_write(buf_span(&batch), &error);
    if (!written && !tracking_failed)
        LOG(ROLE_FAILED, LOG_T("log"), LOG_T(error.text));
    tracking_failed = !written;
    if (!written)
        return; /* tried again with the next tick that is due */
    struct buf body = {0};
    wire_put_u64(&body, batch_last);
    role_send(ROLE_QUEUE, MSG_FINAL_ACK, buf_span(&body), -1);
    buf_free(&body);
    buf_clear(&batch);
    batch_count = 0;
}

static void take_final_event(struct wire_reader *in)
{
    struct span body = in->rest;
    struct final_event event;
    if (!final_event_get(in, &event))
        return;
    wire_put_span(&batch, body);
    batch_last = event.sequence;
    if (++batch_count % TRACKING_BATCH == 0)
        commit_tracking();
}

/* A disk that is full at the start must not keep the gateway from starting: rows wait in the queue's outbox. */
static bool open_tracking(struct error *error)
{
    bool may_pass = false;
    tracking_is_open = tracking_open(tracking_path, &may_pass, error);
    if (!tracking_is_open && may_pass && !tracking_failed) {
        tracking_failed = true;
        LOG(ROLE_FAILED, LOG_T("log"), LOG_T(error->text));
    }
    return tracking_is_open || may_pass;
}

static bool start_counters(struct error *error)
{
    bool may_pass = false;
    if (counters_start(counters_path, role_daemon_started(), &may_pass, error))
        return true;
    if (may_pass)
        LOG(ROLE_FAILED, LOG_T("log"), LOG_T(error->text));
    return may_pass;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    struct error error;
    write_lines(clock_wall_us() - HOLD_US);
    subscriptions_tick();
    if (!counters_tick(&error))
        LOG(ROLE_FAILED, LOG_T("log"), LOG_T(error.text));
    if (++batch_ticks < (tracking_is_open ? TRACKING_WAIT_TICKS : TRACKING_OPEN_TICKS))
        return;
    batch_ticks = 0;
    if (!tracking_is_open && !open_tracking(&error))
        role_fatal("%s", error.text);
    commit_tracking();
}

/* The answer tells what went wrong with a reset, and the counters as they are. */
static void answer_counters(struct wire_reader *in)
{
    struct buf body = {0};
    struct error error = {{0}};
    uint32_t id = wire_get_u32(in);
    bool reset = wire_get_u8(in) == 1;
    struct span who = wire_get_span(in);
    if (in->failed)
        return;
    if (reset && counters_reset(&error))
        LOG(COUNTERS_RESET, LOG_S(who));
    wire_put_u32(&body, id);
    wire_put_span(&body, span_text(error.text));
    counters_put(&body);
    role_send(ROLE_CONTROL, MSG_COUNTERS_REPLY, buf_span(&body), -1);
    buf_free(&body);
}

/* What was logged before the request is in the saved file. */
static void roll_over(struct wire_reader *in)
{
    struct buf body = {0}, rolled = {0};
    uint32_t id = wire_get_u32(in);
    struct span name = wire_get_span(in);
    if (in->failed)
        return;
    write_lines(INT64_MAX);
    wire_put_u32(&body, id);
    wire_put_u32(&body, subscriptions_roll(name, &rolled));
    buf_append_span(&body, buf_span(&rolled));
    buf_free(&rolled);
    role_send(ROLE_CONTROL, MSG_LOG_ROLLED, buf_span(&body), -1);
    buf_free(&body);
}

static void log_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (type == MSG_SYSLOG && peer == ROLE_MASTER) {
        syslog_take_socket(in, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    if (type == MSG_LOG_LINE)
        take_event(in);
    else if (type == MSG_LOG_ROLL && peer == ROLE_CONTROL)
        roll_over(in);
    else if (type == MSG_FINAL_EVENT && peer == ROLE_QUEUE)
        take_final_event(in);
    else if (type == MSG_COUNTERS && peer == ROLE_CONTROL)
        answer_counters(in);
}

static void log_peer_up(enum role_id peer)
{
    if (peer == ROLE_CONTROL)
        alert_control_up();
}

/* What a gone queue sent and was not acknowledged comes again from its outbox. */
static void log_peer_down(enum role_id peer)
{
    if (peer != ROLE_QUEUE)
        return;
    buf_clear(&batch);
    batch_count = 0;
}

static bool log_start(struct error *error)
{
    log_set_output(take_own_line);
    if (!start_counters(error) || !open_tracking(error))
        return false;
    tick = event_new(role_base(), -1, EV_PERSIST, on_tick, NULL);
    struct timeval period = {0, TICK_MS * 1000};
    event_add(tick, &period);
    return true;
}

static void log_stop(void)
{
    commit_tracking();
    write_lines(INT64_MAX);
    subscriptions_close();
    counters_stop();
    if (tracking_is_open)
        tracking_close();
    role_exit();
}

const struct role role_self = {
    .id = ROLE_LOG,
    .start = log_start,
    .peer_up = log_peer_up,
    .peer_down = log_peer_down,
    .message = log_message,
    .config_prepare = config_prepare,
    .config_apply = config_apply,
    .config_discard = subscriptions_discard,
    .stop = log_stop,
};
