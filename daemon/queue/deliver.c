/* Handing due messages to the smtp role, a job for each destination of a message in turn; and deferring what has no
 * destination. */
#include "daemon/queue/maildir.h"
#include "daemon/queue/next_hop.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum { RECIPIENTS_PER_JOB = 100, LOCAL_PER_STEP = 64 };

static void give(struct queue *q, struct message *m, uint32_t attempt, const struct route *route)
{
    lane_remove(q, m);
    m->read_tries = 0;
    m->hand = HAND_PEER;
    m->hand_attempt = attempt;
    TAILQ_INSERT_TAIL(&q->deliver.in_hand, m, link);
    q->deliver.jobs++;
    q->deliver.bytes += m->body.length;
    next_hop_take(q, m, route);
}

void deliver_take_back(struct queue *q, struct message *m)
{
    TAILQ_REMOVE(&q->deliver.in_hand, m, link);
    q->deliver.jobs--;
    q->deliver.bytes -= m->body.length;
    m->hand = HAND_QUEUE;
    next_hop_release(q, m);
}

void deliver_hello(struct queue *q, struct wire_reader *in)
{
    struct arena *arena = arena_new();
    struct smtp_hello hello;
    if (!smtp_hello_get(in, arena, &hello)) {
        in->failed = true;
        hello.delivery_count = 0;
    }
    for (struct message *m; (m = TAILQ_FIRST(&q->deliver.in_hand));) {
        deliver_take_back(q, m);
        queue_put_back(q, m);
    }
    for (uint32_t i = 0; i < hello.delivery_count; i++) {
        struct message *m = queue_find(q, hello.deliveries[i].mid);
        /* Otherwise its result is on disk, or on its way there. */
        if (m && m->state == RECIPIENT_DELIVER && m->hand == HAND_QUEUE &&
            hello.deliveries[i].attempt > m->attempt) {
            struct route route = lane_route(q, m);
            give(q, m, hello.deliveries[i].attempt, &route);
        }
    }
    arena_free(arena);
    q->deliver.ready = true;
    space_tick(q);
    space_tell_smtp(q);
    suspend_tell_smtp(q);
    deliver_dispatch(q);
}

void deliver_gone(struct queue *q)
{
    q->deliver.ready = false;
}

static enum schema_tls tls_of(const struct route *route)
{
    if (route->tls != SCHEMA_ROUTE_TLS_DEFAULT)
        return (enum schema_tls)(route->tls - 1);
    const struct schema_row *delivery = config_table_single(role_config()->tables[SCHEMA_DELIVERY]);
    return (enum schema_tls)schema_row_number(delivery, DELIVERY_TLS);
}

static void send_job(struct queue *q, struct message *m, int64_t now, const struct route *route, int fd)
{
    struct arena *arena = arena_new();
    struct deliver_recipient *due = arena_calloc(arena, RECIPIENTS_PER_JOB, sizeof *due);
    struct deliver_job job = {.mid = message_mid(m),
                              .attempt = m->attempt + 1,
                              .host = route->host,
                              .port = route->port,
                              .mx = route->mx,
                              .tls = tls_of(route),
                              .own_domain = route->own_domain,
                              .sender = m->sender,
                              .body_8bit = m->body_8bit,
                              .recipients = due};
    for (uint32_t i = 0; i < m->recipient_count && job.recipient_count < RECIPIENTS_PER_JOB; i++) {
        struct recipient *r = &m->recipients[i];
        if (lane_takes(q, m, r, now, route))
            due[job.recipient_count++] = (struct deliver_recipient){.rid = r->rid, .address = r->address};
    }
    struct buf body = {0};
    deliver_job_put(&body, &job);
    role_send(ROLE_SMTP, MSG_DELIVER, buf_span(&body), fd);
    buf_free(&body);
    arena_free(arena);
    give(q, m, job.attempt, route);
}

static void dispatch_one(struct queue *q, struct message *m, int64_t now, const struct route *route)
{
    int fd;
    switch (body_memfd(q, m, BODY_EDITED, &fd)) {
    case SPOOL_GOOD:
        send_job(q, m, now, route, fd);
        break;
    case SPOOL_FAILED:
        lane_remove(q, m);
        queue_pause(q, m);
        break;
    case SPOOL_DAMAGED:
        lane_remove(q, m);
        queue_hold(q, m);
        break;
    }
    next_hop_wake(q, route);
}

static bool has_room(const struct queue *q)
{
    return q->deliver.ready && q->deliver.bytes < DELIVER_BYTES &&
           q->deliver.jobs < deliver_jobs(q->settings->deliver_connections);
}

void deliver_dispatch(struct queue *q)
{
    int64_t now = clock_wall_us();
    struct message *m;
    struct route route;
    while (has_room(q) && (m = lane_first(q, LANE_SMTP, now, &route))) {
        if (next_hop_has_room(q, &route)) {
            dispatch_one(q, m, now, &route);
        } else {
            lane_remove(q, m);
            next_hop_park(q, m, &route);
        }
    }
    if (lane_is_due(q, LANE_LOCAL, now))
        turn_want_background(q);
}

/* The recipients that no route leads to are tried again later, for one may come; in the end they bounce. */
static void defer_unroutable(struct queue *q, struct message *m, int64_t now, const struct route *route)
{
    struct arena *arena = arena_new();
    struct deliver_reply *replies = arena_calloc(arena, m->recipient_count, sizeof *replies);
    struct deliver_result result = {.mid = message_mid(m), .attempt = m->attempt + 1, .replies = replies};
    for (uint32_t i = 0; i < m->recipient_count; i++)
        if (lane_takes(q, m, &m->recipients[i], now, route))
            replies[result.reply_count++] = (struct deliver_reply){.rid = m->recipients[i].rid,
                                                                   .outcome = DELIVER_DEFERRED,
                                                                   .enhanced = SPAN("4.4.4"),
                                                                   .text = SPAN("no route to this domain")};
    lane_remove(q, m);
    deliver_finish(q, m, &result, false);
    arena_free(arena);
}

void deliver_local(struct queue *q)
{
    int64_t now = clock_wall_us();
    struct message *m;
    struct route route;
    for (int i = 0; i < LOCAL_PER_STEP && (m = lane_first(q, LANE_LOCAL, now, &route)); i++) {
        if (route.kind != ROUTE_NONE)
            break;
        defer_unroutable(q, m, now, &route);
    }
    if (q->deliver.maildir)
        maildir_step(q->deliver.maildir, q);
    deliver_dispatch(q);
}
