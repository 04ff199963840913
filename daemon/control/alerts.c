/* Alerts on their way from the log to the queue.
 *
 * Each becomes a row of alerts.db; one that is to be mailed waits there until the queue has it on disk, however long
 * that takes.  What the store does not take for now (a full disk) waits in memory.
 */
#include "daemon/control/alerts.h"

#include <event2/event.h>
#include <stdio.h>

#include "daemon/control/alert_mail.h"
#include "daemon/control/certificate_expiry.h"
#include "daemon/control/head.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "engine/base/clock.h"

enum {
    RETRY_SECONDS = 5, /* after the store or the queue refused */
    PENDING_MAX = 256 * 1024,
};
#define HOUR_US (3600 * INT64_C(1000000))

static const char store_path[] = "config/alerts.db";

static struct event *tick;
static struct buf pending; /* events that are not in the store yet: a row of spans */
static bool store_fails;   /* and the log knows */
static int64_t next_try;   /* monotonic: when store and queue are tried again */

/* The one that the queue has in hand. */
static struct {
    int64_t id; /* 0: none */
    enum alert_class alert_class;
    enum alert_severity severity;
    struct buf subject, recipients;
    enum alert_state state; /* ALERT_WAITS: no answer yet; else alerts.db does not know it yet */
    uint64_t mid;
} asked;
static char obstacle[sizeof((struct error *)0)->text];

const char *alerts_obstacle(void)
{
    return obstacle;
}

static const struct config_table *table_of(enum schema_table_id id)
{
    return config_resolve(head_tree(), head_place(), id, NULL);
}

static void try_later(void)
{
    next_try = clock_mono_us() + RETRY_SECONDS * INT64_C(1000000);
}

/* Tells the log of the first failure only. */
static bool stored(bool good, const struct error *error)
{
    if (!good && !store_fails)
        LOG(ALERT_STORE_ERROR, LOG_T(error->text));
    if (!good)
        try_later();
    store_fails = !good;
    return good;
}

/* ---- keeping ---- */

struct latest {
    bool found;
    struct stored_alert alert; /* without its texts */
};

static void take_latest(void *context, const struct stored_alert *alert)
{
    struct latest *latest = context;
    *latest = (struct latest){true, *alert};
}

/* Appends the addresses that want it. */
static void find_recipients(const struct stored_alert *a, struct buf *out)
{
    struct config_cursor c = config_table_start(table_of(SCHEMA_ALERTS));
    uint32_t count = 0;
    for (const struct schema_row *row; (row = config_table_next(&c)) && count < ALERTS_MAX;) {
        unsigned classes = schema_alert_classes(schema_row_text(row, ALERTS_CLASSES));
        if (!(classes & 1u << a->alert_class) || a->severity > schema_row_number(row, ALERTS_SEVERITY))
            continue;
        buf_append_span(out, count++ ? SPAN(", ") : SPAN(""));
        buf_append_span(out, schema_row_key(row));
    }
}

/* What becomes of it, when the latest of its kind is that one. */
static bool decide(struct stored_alert *a, const struct latest *latest, struct error *error)
{
    const struct schema_row *settings = config_table_single(table_of(SCHEMA_ALERT_SETTINGS));
    const struct alert_pace pace = {.repeat = schema_row_number(settings, ALERT_SETTINGS_REPEAT),
                                    .repeat_most = schema_row_number(settings, ALERT_SETTINGS_REPEAT_MOST)};
    const struct stored_alert *before = latest->found ? &latest->alert : NULL;
    int64_t mailed = 0;
    /* Of one that nobody wanted nobody knows, when somebody wants it now. */
    if (before && before->state == ALERT_UNWANTED && a->recipients.n)
        before = NULL;
    a->wait = alert_wait(before, a->time, &pace);
    if (a->wait < 0)
        return store_alert_repeat(before->id, a->time, error);
    if (!store_alert_mailed(a->time - HOUR_US, a->time, &mailed, error))
        return false;
    a->more = before ? before->repeats : 0;
    a->state = a->recipients.n == 0                                           ? ALERT_UNWANTED
               : mailed >= schema_row_number(settings, ALERT_SETTINGS_HOURLY) ? ALERT_OVER_LIMIT
                                                                              : ALERT_WAITS;
    return store_alert_add(a, error);
}

/* Reads an event; its texts are in text and kind. */
static bool read_event(struct span event, struct stored_alert *a, struct buf *text, struct buf *kind)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    *a = (struct stored_alert){0};
    if (!log_event_format(&in, &line, &a->time, text) || !log_event_kind(event, kind) ||
        !alert_of_line(line, &a->alert_class, &a->severity))
        return false;
    a->text = buf_span(text);
    a->kind = buf_span(kind);
    return true;
}

/* False when the store does not take it for now. */
static bool keep(struct span event)
{
    struct buf text = {0}, kind = {0}, recipients = {0};
    struct stored_alert a;
    struct latest latest = {.found = false};
    struct error error;
    bool good = true;
    if (read_event(event, &a, &text, &kind)) {
        int64_t now = clock_wall_us();
        if (a.time > now)
            a.time = now;
        find_recipients(&a, &recipients);
        a.recipients = buf_span(&recipients);
        good = store_alert_latest(a.kind, take_latest, &latest, &error) && decide(&a, &latest, &error);
        stored(good, &error);
    }
    buf_free(&text);
    buf_free(&kind);
    buf_free(&recipients);
    return good;
}

static void keep_pending(void)
{
    struct wire_reader in = wire_reader_of(buf_span(&pending));
    size_t kept = 0;
    while (in.rest.n && keep(wire_get_span(&in)))
        kept = pending.len - in.rest.n;
    buf_consume(&pending, kept);
}

/* ---- sending ---- */

static void add_notice(struct buf *out, const struct alert_mail *mail)
{
    struct span addresses[ALERTS_MAX], rest = mail->alert->recipients;
    struct notice notice = {.id = (uint64_t)mail->alert->id, .recipients = addresses};
    struct buf text = {0};
    while (rest.n && notice.recipient_count < ALERTS_MAX) {
        size_t end = span_find_span(rest, SPAN(", "));
        addresses[notice.recipient_count++] = span_slice(rest, 0, end);
        rest = span_slice(rest, end + 2, rest.n);
    }
    alert_mail_put(&text, mail);
    notice.text = buf_span(&text);
    notice_put(out, &notice);
    buf_free(&text);
}

static void send_one(void *context, const struct stored_alert *alert)
{
    (void)context;
    const struct schema_row *addresses = config_table_single(table_of(SCHEMA_ADDRESSES));
    const struct alert_mail mail = {.alert = alert,
                                    .hostname = span_text(head_hostname()),
                                    .from = schema_row_text(addresses, ADDRESSES_ALERTS),
                                    .now = clock_wall_us()};
    struct buf body = {0};
    add_notice(&body, &mail);
    if (role_send(ROLE_QUEUE, MSG_NOTICE, buf_span(&body), -1)) {
        asked.id = alert->id;
        asked.state = ALERT_WAITS;
        asked.alert_class = alert->alert_class;
        asked.severity = alert->severity;
        buf_clear(&asked.subject);
        buf_clear(&asked.recipients);
        alert_subject_put(&asked.subject, &mail);
        buf_append_span(&asked.recipients, alert->recipients);
    }
    buf_free(&body);
}

/* The next one that waits, when none is under way.  One that alerts.db does not know to be sent comes first: it must not be
 * sent twice. */
static void send_next(void)
{
    struct error error;
    if (!store_alert_is_open() || (asked.id && asked.state == ALERT_WAITS))
        return;
    if (asked.id && !stored(store_alert_settle(asked.id, asked.state, asked.mid, &error), &error))
        return;
    asked.id = 0;
    if (!store_alert_waiting(send_one, NULL, &error)) /* a full disk can be read: success says nothing */
        stored(false, &error);
}

static void log_sent(void)
{
    for (struct span rest = buf_span(&asked.recipients); rest.n;) {
        size_t end = span_find_span(rest, SPAN(", "));
        LOG(ALERT_SENT, LOG_T(schema_alert_class_name(asked.alert_class)),
            LOG_T(alert_severity_name(asked.severity)), LOG_S(span_slice(rest, 0, end)),
            LOG_S(buf_span(&asked.subject)));
        rest = span_slice(rest, end + 2, rest.n);
    }
}

static void take_answer(struct wire_reader *in)
{
    int64_t id = (int64_t)wire_get_u64(in);
    uint64_t mid = wire_get_u64(in);
    struct span why = wire_get_span(in);
    bool for_ever = wire_get_u8(in) != 0;
    if (in->failed || !asked.id || id != asked.id || asked.state != ALERT_WAITS)
        return;
    if (mid || for_ever) {
        obstacle[0] = '\0';
        asked.mid = mid;
        asked.state = mid ? ALERT_SENT : ALERT_REFUSED;
        if (mid)
            log_sent();
        else
            LOG(ALERT_REFUSED, LOG_S(why));
        send_next();
        return;
    }
    asked.id = 0;
    if (!obstacle[0])
        LOG(ALERT_WAITS, LOG_S(why));
    snprintf(obstacle, sizeof obstacle, "%.*s", (int)why.n, why.n ? why.p : "");
    try_later();
}

/* ---- hooks ---- */

static void open_store(void)
{
    struct error error;
    if (!store_alert_is_open())
        stored(store_alert_open(store_path, &error), &error);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (clock_mono_us() < next_try)
        return;
    open_store();
    if (!store_alert_is_open())
        return;
    keep_pending();
    send_next();
    certificate_expiry_tick();
}

void alerts_start(void)
{
    struct timeval second = {.tv_sec = 1};
    open_store();
    tick = event_new(role_base(), -1, EV_PERSIST, on_tick, NULL);
    event_add(tick, &second);
}

void alerts_peer_up(enum role_id peer)
{
    if (peer == ROLE_QUEUE)
        send_next();
}

/* Whether it was stored is not known.  It is sent again under the same Message-ID. */
void alerts_peer_down(enum role_id peer)
{
    if (peer == ROLE_QUEUE && asked.state == ALERT_WAITS)
        asked.id = 0;
}

static void take_alert(struct wire_reader *in)
{
    struct span event = in->rest;
    struct stored_alert a;
    struct buf text = {0}, kind = {0};
    in->failed |= !read_event(event, &a, &text, &kind);
    in->rest = span_slice(event, event.n, 0);
    buf_free(&text);
    buf_free(&kind);
    if (in->failed)
        return;
    if (pending.len + event.n <= PENDING_MAX) /* more than that is in the log alone */
        wire_put_span(&pending, event);
    if (store_alert_is_open() && !store_fails) {
        keep_pending();
        send_next();
    }
}

bool alerts_message(enum role_id peer, uint16_t type, struct wire_reader *in)
{
    if (peer == ROLE_LOG && type == MSG_ALERT)
        take_alert(in);
    else if (peer == ROLE_QUEUE && type == MSG_NOTICE_STORED)
        take_answer(in);
    else
        return false;
    return true;
}
