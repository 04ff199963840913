/* Handing messages to the scan role, in the order of their arrival. */
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum { JOBS_PER_WORKER = 2, BYTES_IN_HAND = 256 * 1024 * 1024 };

/* It has killed a worker: the scan role tries it alone. */
static bool goes_alone(const struct message *m)
{
    return m->scan_tries > 0;
}

static struct message_list *list_of(struct queue *q, const struct message *m)
{
    return goes_alone(m) ? &q->scan.waiting_alone : &q->scan.waiting;
}

void scan_wait(struct queue *q, struct message *m)
{
    TAILQ_INSERT_TAIL(list_of(q, m), m, link);
}

void scan_leave(struct queue *q, struct message *m)
{
    if (m->at_peers)
        multiscan_leave(q, m);
    else
        TAILQ_REMOVE(list_of(q, m), m, link);
}

static void give(struct queue *q, struct message *m)
{
    scan_leave(q, m);
    q->scan.has_alone |= goes_alone(m);
    m->read_tries = 0;
    m->hand = HAND_PEER;
    TAILQ_INSERT_TAIL(&q->scan.in_hand, m, link);
    q->scan.jobs++;
    q->scan.bytes += m->body.length;
}

void scan_take_back(struct queue *q, struct message *m)
{
    TAILQ_REMOVE(&q->scan.in_hand, m, link);
    q->scan.jobs--;
    q->scan.bytes -= m->body.length;
    if (goes_alone(m))
        q->scan.has_alone = false;
    m->hand = HAND_QUEUE;
}

void scan_hello(struct queue *q, struct wire_reader *in)
{
    uint32_t workers = wire_get_u32(in);
    uint32_t count = wire_get_count(in, 8);
    for (struct message *m; (m = TAILQ_LAST(&q->scan.in_hand, message_list));) {
        scan_take_back(q, m);
        TAILQ_INSERT_HEAD(list_of(q, m), m, link);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct message *m = queue_find(q, wire_get_u64(in));
        if (m && m->state == RECIPIENT_SCAN && m->hand == HAND_QUEUE)
            give(q, m);
    }
    q->scan.ready = !in->failed;
    q->scan.most = workers < UINT16_MAX ? workers * JOBS_PER_WORKER : UINT16_MAX;
    scan_dispatch(q);
}

void scan_take_features(struct queue *q, struct wire_reader *in)
{
    q->scan.missing_features = wire_get_u32(in);
    multiscan_review(q);
}

void scan_gone(struct queue *q)
{
    q->scan.ready = false;
}

void scan_send_job(const struct queue *q, const struct message *m, enum role_id to, uint16_t type, int fd)
{
    struct arena *arena = arena_new();
    struct span *recipients = arena_calloc(arena, m->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < m->recipient_count; i++)
        recipients[i] = m->recipients[i].address;
    struct scan_job job = {.mid = message_mid(m),
                           .alone = goes_alone(m),
                           .outbound = m->outbound,
                           .missing_features = q->scan.missing_features,
                           .trace_bytes = m->trace_bytes,
                           .sender = m->sender,
                           .helo = m->helo,
                           .client_ip = m->client_ip,
                           .recipients = recipients,
                           .recipient_count = m->recipient_count};
    struct wire_reader peers = wire_reader_of(m->peers);
    if (m->peers.n)
        peer_verdicts_get(&peers, job.peers);
    struct buf body = {0};
    scan_job_put(&body, &job);
    role_send(to, type, buf_span(&body), fd);
    buf_free(&body);
    arena_free(arena);
}

static bool has_room(const struct queue *q)
{
    return q->scan.ready && !q->scan.paused && queue_is_configured() && q->scan.jobs < q->scan.most &&
           q->scan.bytes < BYTES_IN_HAND;
}

static struct message *first(struct queue *q)
{
    struct message *m = q->scan.has_alone ? NULL : TAILQ_FIRST(&q->scan.waiting_alone);
    return m ? m : TAILQ_FIRST(&q->scan.waiting);
}

void scan_dispatch(struct queue *q)
{
    struct message *m;
    while (has_room(q) && (m = first(q))) {
        int fd;
        if (multiscan_is_wanted(q, m)) {
            scan_leave(q, m);
            multiscan_wait(q, m);
            continue;
        }
        multiscan_go_on_without(q, m);
        enum spool_result result = body_memfd(q, m, BODY_STORED, &fd);
        if (result == SPOOL_GOOD) {
            scan_send_job(q, m, ROLE_SCAN, MSG_SCAN_JOB, fd);
            give(q, m);
            continue;
        }
        scan_leave(q, m);
        if (result == SPOOL_DAMAGED) {
            queue_hold(q, m);
        } else {
            queue_pause(q, m);
            return; /* the tick tries the next one: this may fail for all */
        }
    }
}

void scan_resume(struct queue *q)
{
    int64_t now = clock_mono_us();
    for (struct message *m = TAILQ_FIRST(&q->scan.unreadable), *next; m; m = next) {
        next = TAILQ_NEXT(m, link);
        if (m->due > now)
            continue;
        TAILQ_REMOVE(&q->scan.unreadable, m, link);
        queue_put_back(q, m);
    }
}
