/* The log role: one stream of typed events in; mail_logs, tracking rows and counters (counters.h) out.
 *
 * Nothing here may hold up mail: a line that the disk does not take is counted as lost, an event that cannot be
 * stored is not acknowledged and comes again from the queue's outbox.
 */
#include <unistd.h>

#include "daemon/log/alert.h"
#include "daemon/log/counters.h"
#include "daemon/log/log_file.h"
#include "daemon/log/reorder.h"
#include "daemon/log/store_tracking.h"
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
};

static const char tracking_path[] = "track/tracking.db";
static const char counters_path[] = "track/counters.db";

static struct rolling_file *mail_log;
static uint64_t lost_lines;
static struct buf ready;
static struct event *tick;

/* The tracking batch in hand.  The queue sends a bounded window, so a disk that takes nothing cannot fill it. */
static struct buf batch;
static uint64_t batch_last;
static unsigned batch_count, batch_ticks;
static bool tracking_failed, tracking_is_open;

static void take_line(struct wire_reader *in)
{
    enum log_line line;
    int64_t time;
    static struct buf text, body;
    struct span event = in->rest;
    buf_clear(&body);
    if (!log_event_format(in, &line, &time, &body))
        return; /* the skeleton ends us: the peer is broken */
    counters_add(line);
    alert_pass_on(line, event);
    const struct log_line_row *row = &log_line_table[line];
    if (!row->shape || row->level > LOG_INFO)
        return;
    /* A stamp of the future (the clock was set back) would hold the line until then. */
    int64_t now = clock_wall_us();
    if (time > now)
        time = now;
    buf_clear(&text);
    log_file_prefix(&text, time, log_level_name(row->level));
    buf_append_span(&text, buf_span(&body));
    buf_append_char(&text, '\n');
    reorder_add(time, buf_span(&text));
}

/* Our own lines take the short way. */
static bool take_own_line(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    take_line(&in);
    return true;
}

static void write_lines(int64_t until)
{
    reorder_take(until, &ready);
    if (ready.len == 0)
        return;
    if (!rolling_file_add(mail_log, buf_span(&ready))) {
        for (size_t i = 0; i < ready.len; i++)
            lost_lines += ready.data[i] == '\n';
    } else if (lost_lines) {
        LOG(LINES_LOST, LOG_U(lost_lines), LOG_T("log"));
        lost_lines = 0;
    }
    buf_clear(&ready);
}

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

static void log_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (fd >= 0)
        close(fd);
    if (type == MSG_LOG_LINE)
        take_line(in);
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
    mail_log = rolling_file_open("log/mail_logs", "mail", &log_file_kind, role_settings()->log_bytes,
                                 role_settings()->log_files, error);
    if (!mail_log)
        return false;
    if (!rolling_file_begin(mail_log, 0))
        return error_set_errno(error, "cannot begin a file in log/mail_logs");
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
    rolling_file_close(mail_log);
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
    .stop = log_stop,
};
