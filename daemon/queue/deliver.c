/* Handing due messages to the smtp role. */
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum { RECIPIENTS_PER_JOB = 100, JOBS_PER_CONNECTION = 2, BYTES_IN_HAND = 256 * 1024 * 1024 };

static void give(struct queue *q, struct message *m, uint32_t attempt)
{
    schedule_remove(&q->deliver.schedule, m);
    m->read_tries = 0;
    m->hand = HAND_PEER;
    m->hand_attempt = attempt;
    TAILQ_INSERT_TAIL(&q->deliver.in_hand, m, link);
    q->deliver.jobs++;
    q->deliver.bytes += m->body.length;
}

void deliver_take_back(struct queue *q, struct message *m)
{
    TAILQ_REMOVE(&q->deliver.in_hand, m, link);
    q->deliver.jobs--;
    q->deliver.bytes -= m->body.length;
    m->hand = HAND_QUEUE;
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
            hello.deliveries[i].attempt > m->attempt)
            give(q, m, hello.deliveries[i].attempt);
    }
    arena_free(arena);
    q->deliver.ready = true;
    space_tick(q);
    space_tell_smtp(q);
    deliver_dispatch(q);
}

void deliver_gone(struct queue *q)
{
    q->deliver.ready = false;
}

static void send_job(struct queue *q, struct message *m, int64_t now, int fd)
{
    struct arena *arena = arena_new();
    struct deliver_recipient *due = arena_calloc(arena, RECIPIENTS_PER_JOB, sizeof *due);
    struct deliver_job job = {.mid = message_mid(m),
                              .attempt = m->attempt + 1,
                              .host = q->deliver.route.host,
                              .port = q->deliver.route.port,
                              .sender = m->sender,
                              .body_8bit = m->body_8bit,
                              .recipients = due};
    for (uint32_t i = 0; i < m->recipient_count && job.recipient_count < RECIPIENTS_PER_JOB; i++) {
        const struct recipient *r = &m->recipients[i];
        if (r->next_try <= now)
            due[job.recipient_count++] = (struct deliver_recipient){.rid = r->rid, .address = r->address};
    }
    struct buf body = {0};
    deliver_job_put(&body, &job);
    role_send(ROLE_SMTP, MSG_DELIVER, buf_span(&body), fd);
    buf_free(&body);
    arena_free(arena);
    give(q, m, job.attempt);
}

static void dispatch_one(struct queue *q, struct message *m, int64_t now)
{
    int fd;
    switch (body_memfd(q, m, BODY_EDITED, &fd)) {
    case SPOOL_GOOD:
        send_job(q, m, now, fd);
        break;
    case SPOOL_FAILED:
        schedule_remove(&q->deliver.schedule, m);
        queue_pause(q, m);
        break;
    case SPOOL_DAMAGED:
        schedule_remove(&q->deliver.schedule, m);
        queue_hold(q, m);
        break;
    }
}

static bool has_room(const struct queue *q)
{
    return q->deliver.ready && q->deliver.bytes < BYTES_IN_HAND &&
           q->deliver.jobs < (uint64_t)q->settings->deliver_connections * JOBS_PER_CONNECTION;
}

void deliver_dispatch(struct queue *q)
{
    int64_t now = clock_wall_us();
    struct message *m = schedule_first(&q->deliver.schedule);
    if (q->deliver.route.kind == ROUTE_MAILDIR) {
        if (m && m->due <= now)
            turn_want_background(q);
        return;
    }
    while (q->deliver.route.kind == ROUTE_SMTP && has_room(q) && m && m->due <= now) {
        dispatch_one(q, m, now);
        m = schedule_first(&q->deliver.schedule);
    }
}
