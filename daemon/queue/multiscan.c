/* Messages that other engines are asked about before they go to the scan role (engine multiscan).
 *
 * What they say is kept with the message in memory alone: a queue that was started anew asks again.  Nothing here ever
 * keeps mail back for long: without the peers role, when it dies of a message, does not answer or is slower than mail
 * comes, that is scanned without verdicts.
 */
#include <stdlib.h>

#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/schema/features.h"

enum {
    PEER_TRIES = 2, /* of a message that the role dies with */
    BYTES_IN_HAND = 64 * 1024 * 1024,
    WAITS_MOST = 3,             /* for the role, without an answer between them */
    PATIENCE_US = 10 * 1000000, /* that mail waits for the role itself */
};

static const unsigned where_fields[PEER_COUNT] = {
    [PEER_RSPAMD] = MULTISCAN_RSPAMD,
    [PEER_SPAMD] = MULTISCAN_SPAMD,
};

static const struct schema_row *settings(void)
{
    return config_table_single(role_config()->tables[SCHEMA_MULTISCAN]);
}

static bool is_configured(const struct schema_row *row, enum peer_id peer)
{
    return !span_equal_nocase(schema_row_text(row, where_fields[peer]), SPAN("off"));
}

/* Whether the policy of m has the engine multiscan, there is a key for it, and anybody to ask. */
static bool is_for_multiscan(const struct queue *q, const struct message *m)
{
    if (q->scan.missing_features & feature_bit(FEATURE_MULTISCAN))
        return false;
    const struct schema_row *row = settings();
    enum schema_table_id id = m->outbound ? SCHEMA_OUTGOING_POLICY : SCHEMA_INCOMING_POLICY;
    const struct schema_row *policy = config_table_find(role_config()->tables[id], SPAN("DEFAULT"));
    bool any = false;
    for (unsigned i = 0; i < PEER_COUNT; i++)
        any = any || is_configured(row, i);
    return any && schema_row_number(row, MULTISCAN_ENABLED) && policy &&
           schema_row_number(policy, POLICY_ANTISPAM) &&
           schema_row_number(policy, POLICY_ENGINE) == POLICY_ENGINE_MULTISCAN;
}

static int64_t limit_of(enum imsandgraymail_field field)
{
    return schema_row_number(config_table_single(role_config()->tables[SCHEMA_IMSANDGRAYMAIL]), field);
}

static bool is_too_big(const struct message *m)
{
    return m->body.length - m->trace_bytes > (uint64_t)limit_of(IMSANDGRAYMAIL_NEVER_SCAN_SIZE);
}

static bool is_away_too_long(const struct queue *q)
{
    return !q->multiscan.ready && clock_mono_us() >= q->multiscan.patient_until;
}

bool multiscan_is_wanted(const struct queue *q, const struct message *m)
{
    return !m->peers.n && queue_is_configured() && is_for_multiscan(q, m) && !is_too_big(m) &&
           m->peer_tries < PEER_TRIES && !is_away_too_long(q);
}

/* By then a message that is in the role's hand is answered, and one that waits for that has waited long enough. */
static int64_t latest(void)
{
    return clock_mono_us() + limit_of(IMSANDGRAYMAIL_TIMEOUT) * 1000000 + PATIENCE_US;
}

void multiscan_wait(struct queue *q, struct message *m)
{
    m->at_peers = true;
    m->ask_until = latest();
    TAILQ_INSERT_TAIL(&q->multiscan.waiting, m, link);
    multiscan_dispatch(q);
}

void multiscan_leave(struct queue *q, struct message *m)
{
    m->at_peers = false;
    TAILQ_REMOVE(&q->multiscan.waiting, m, link);
}

static void give(struct queue *q, struct message *m, int fd)
{
    scan_send_job(q, m, ROLE_PEERS, MSG_PEERS_JOB, fd);
    TAILQ_REMOVE(&q->multiscan.waiting, m, link);
    TAILQ_INSERT_TAIL(&q->multiscan.in_hand, m, link);
    m->hand = HAND_PEER;
    m->due = latest();
    m->read_tries = 0;
    q->multiscan.jobs++;
    q->multiscan.bytes += m->body.length;
}

static void take_back(struct queue *q, struct message *m)
{
    TAILQ_REMOVE(&q->multiscan.in_hand, m, link);
    q->multiscan.jobs--;
    q->multiscan.bytes -= m->body.length;
    m->at_peers = false;
}

static bool has_room(const struct queue *q)
{
    return q->multiscan.ready && !q->scan.paused && queue_is_configured() &&
           q->multiscan.jobs < schema_row_number(settings(), MULTISCAN_CONNECTIONS) &&
           q->multiscan.bytes < BYTES_IN_HAND;
}

static void keep_verdicts(struct message *m, const struct peer_verdict *verdicts)
{
    struct buf wire = {0};
    peer_verdicts_put(&wire, verdicts);
    message_set_peers(m, buf_span(&wire));
    buf_free(&wire);
}

static void mark_unasked(const struct queue *q, struct message *m, enum peer_state why)
{
    struct peer_verdict verdicts[PEER_COUNT] = {0};
    if (m->peers.n || !is_for_multiscan(q, m) || is_too_big(m))
        return;
    for (unsigned i = 0; i < PEER_COUNT; i++)
        verdicts[i].state = is_configured(settings(), i) ? why : PEER_NONE;
    keep_verdicts(m, verdicts);
}

static void scan_without(struct queue *q, struct message *m, enum peer_state why)
{
    multiscan_leave(q, m);
    mark_unasked(q, m, why);
    queue_put_back(q, m);
}

/* Peers may answer each message in time and yet fewer than come.  Those that wait are in the order of ask_until. */
static void let_overdue_go(struct queue *q)
{
    int64_t now = clock_mono_us();
    struct message *m;
    if (q->scan.paused || !queue_is_configured())
        return;
    while ((m = TAILQ_FIRST(&q->multiscan.waiting)) && now >= m->ask_until)
        scan_without(q, m, PEER_CROWDED);
}

void multiscan_dispatch(struct queue *q)
{
    struct message *m;
    let_overdue_go(q);
    while ((m = TAILQ_FIRST(&q->multiscan.waiting)) && has_room(q)) {
        int fd;
        enum spool_result result = body_memfd(q, m, BODY_STORED, &fd);
        if (result == SPOOL_GOOD) {
            give(q, m, fd);
            continue;
        }
        multiscan_leave(q, m);
        if (result == SPOOL_DAMAGED) {
            queue_hold(q, m);
        } else {
            queue_pause(q, m);
            return;
        }
    }
}

void multiscan_hello(struct queue *q, struct wire_reader *in)
{
    (void)in;
    q->multiscan.ready = true;
    multiscan_dispatch(q);
}

/* With a role that comes, says hello and dies again and again mail would wait for ever. */
static void be_patient(struct queue *q)
{
    bool hopeful = q->multiscan.waits++ < WAITS_MOST;
    q->multiscan.patient_until = clock_mono_us() + (hopeful ? PATIENCE_US : 0);
}

/* What it had in hand is asked again, in the order of before. */
void multiscan_gone(struct queue *q)
{
    if (q->multiscan.ready) /* one that dies before it is ready has been away all the time */
        be_patient(q);
    q->multiscan.ready = false;
    for (struct message *m; (m = TAILQ_LAST(&q->multiscan.in_hand, message_list));) {
        take_back(q, m);
        m->peer_tries++;
        m->hand = HAND_QUEUE;
        m->at_peers = true;
        TAILQ_INSERT_HEAD(&q->multiscan.waiting, m, link);
    }
    multiscan_review(q);
}

void multiscan_go_on_without(const struct queue *q, struct message *m)
{
    mark_unasked(q, m, PEER_DOWN);
}

void multiscan_review(struct queue *q)
{
    struct message *next;
    if (!queue_is_configured())
        return;
    for (struct message *m = TAILQ_FIRST(&q->multiscan.waiting); m; m = next) {
        next = TAILQ_NEXT(m, link);
        if (!multiscan_is_wanted(q, m))
            scan_without(q, m, PEER_DOWN);
    }
    scan_dispatch(q);
}

/* The first configuration: no mail could be asked about before. */
void multiscan_follow_config(struct queue *q)
{
    if (!q->multiscan.patient_until)
        be_patient(q);
    multiscan_review(q);
    multiscan_dispatch(q);
}

static bool is_silent(const struct queue *q)
{
    const struct message *m = TAILQ_FIRST(&q->multiscan.in_hand);
    return m && clock_mono_us() >= m->due;
}

/* It answers within the time-out of its peers, or never: nobody waits for it until one in its place says hello. */
static void give_up_role(struct queue *q)
{
    q->multiscan.waits = WAITS_MOST;
    role_replace_peer(ROLE_PEERS, "does not answer"); /* multiscan_gone() follows */
}

void multiscan_resume(struct queue *q)
{
    struct message *m;
    TAILQ_FOREACH (m, &q->multiscan.waiting, link)
        m->ask_until = latest();
    multiscan_dispatch(q);
}

void multiscan_tick(struct queue *q)
{
    if (is_silent(q))
        give_up_role(q);
    if (is_away_too_long(q))
        multiscan_review(q);
    multiscan_dispatch(q);
}

void multiscan_result(struct queue *q, struct wire_reader *in)
{
    struct peer_verdict verdicts[PEER_COUNT];
    uint64_t mid = wire_get_u64(in);
    peer_verdicts_get(in, verdicts);
    struct message *m = wire_reader_done(in) ? queue_find(q, mid) : NULL;
    if (!m || !m->at_peers || m->hand != HAND_PEER)
        return;
    q->multiscan.waits = 0;
    take_back(q, m);
    keep_verdicts(m, verdicts);
    queue_put_back(q, m);
    scan_dispatch(q);
    multiscan_dispatch(q);
}
