/* The peers role: asks other engines about messages of policies with the engine multiscan, for the queue.
 *
 * It has the network and no files.  It decides nothing: what it answers are facts for the judge (engine/peers), and a
 * message without any is judged all the same.  When the queue goes away, whatever was asked for it is forgotten.
 */
#define _GNU_SOURCE /* F_GET_SEALS */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/peers/health.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

/* Far more than a queue that keeps to the setting `connections` sends. */
enum { QUESTIONS_MOST = 1000 };

/* One message that peers are asked about. */
struct question {
    TAILQ_ENTRY(question) link;
    struct arena *arena; /* of the envelope and of what was answered */
    struct exchange_message message;
    struct exchange *exchanges[PEER_COUNT]; /* NULL: it has ended, or was never begun */
    struct peer_verdict verdicts[PEER_COUNT];
};

static TAILQ_HEAD(, question) questions = TAILQ_HEAD_INITIALIZER(questions);
static unsigned question_count;

static void free_question(struct question *q)
{
    TAILQ_REMOVE(&questions, q, link);
    question_count--;
    if (q->message.bytes.n)
        munmap((void *)q->message.bytes.p, q->message.bytes.n);
    arena_free(q->arena);
    free(q);
}

static void answer_when_complete(struct question *q)
{
    for (unsigned i = 0; i < PEER_COUNT; i++)
        if (q->exchanges[i])
            return;
    struct buf body = {0};
    wire_put_u64(&body, q->message.envelope.mid);
    peer_verdicts_put(&body, q->verdicts);
    role_send(ROLE_QUEUE, MSG_PEERS_RESULT, buf_span(&body), -1);
    buf_free(&body);
    free_question(q);
}

static void peer_done(struct exchange *x)
{
    struct question *q = x->context;
    q->exchanges[x->peer] = NULL;
    q->verdicts[x->peer] = x->verdict;
    q->verdicts[x->peer].symbols = arena_dup(q->arena, x->verdict.symbols);
    answer_when_complete(q);
}

static void ask_all(struct question *q)
{
    for (unsigned i = 0; i < PEER_COUNT; i++)
        q->exchanges[i] = health_ask(i, &q->message, peer_done, q, &q->verdicts[i].state);
    answer_when_complete(q);
}

/* An unsealed file could shrink while it is being sent. */
static struct span map_message(int fd)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
    if ((fcntl(fd, F_GET_SEALS) & needed) != needed)
        role_fatal("the queue sends a message that is not sealed");
    off_t size = lseek(fd, 0, SEEK_END);
    void *bytes = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
    if (bytes == MAP_FAILED)
        role_fatal("a message cannot be mapped");
    return span_of(bytes, bytes ? (size_t)size : 0);
}

static void take_question(struct wire_reader *in, int fd)
{
    struct question *q = xcalloc(1, sizeof *q);
    q->arena = arena_new();
    struct wire_reader own = wire_reader_of(arena_dup(q->arena, in->rest));
    *in = wire_reader_of((struct span){0});
    if (!scan_job_get(&own, q->arena, &q->message.envelope) || fd < 0)
        role_fatal("cannot read a question of the queue");
    if (++question_count > QUESTIONS_MOST)
        role_fatal("the queue asks more than it may");
    q->message.bytes = map_message(fd);
    close(fd);
    TAILQ_INSERT_TAIL(&questions, q, link);
    ask_all(q);
}

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_QUEUE && type == MSG_PEERS_JOB) {
        take_question(in, fd);
        return;
    }
    in->failed = true;
    if (fd >= 0)
        close(fd);
}

static void greet_queue(void)
{
    if (role_config()->revision && role_peer(ROLE_QUEUE))
        role_send(ROLE_QUEUE, MSG_PEERS_HELLO, (struct span){0}, -1);
}

static void peer_up(enum role_id peer)
{
    if (peer == ROLE_QUEUE)
        greet_queue();
}

static void peer_down(enum role_id peer)
{
    if (peer != ROLE_QUEUE)
        return;
    for (struct question *q; (q = TAILQ_FIRST(&questions));) {
        for (unsigned i = 0; i < PEER_COUNT; i++)
            if (q->exchanges[i])
                health_forget(q->exchanges[i]);
        free_question(q);
    }
}

/* Peers and the scan share the time of a message: half of it is for them, and all are asked at once. */
static int64_t limit_of(int64_t seconds, const struct config_table *limits)
{
    int64_t half_us = schema_row_number(config_table_single(limits), IMSANDGRAYMAIL_TIMEOUT) * 500000;
    return seconds * 1000000 < half_us ? seconds * 1000000 : half_us;
}

static void set_targets(const struct role_config *config)
{
    static const struct {
        enum multiscan_field where, timeout;
        bool (*parse)(struct span text, struct schema_peer *peer, struct error *error);
    } fields[PEER_COUNT] = {
        [PEER_RSPAMD] = {MULTISCAN_RSPAMD, MULTISCAN_RSPAMD_TIMEOUT, schema_rspamd_parse},
        [PEER_SPAMD] = {MULTISCAN_SPAMD, MULTISCAN_SPAMD_TIMEOUT, schema_spamd_parse},
    };
    const struct schema_row *row = config_table_single(config->tables[SCHEMA_MULTISCAN]);
    for (unsigned i = 0; i < PEER_COUNT; i++) {
        bool on = schema_row_number(row, MULTISCAN_ENABLED);
        const struct health_target target = {
            .text = on ? schema_row_text(row, fields[i].where) : SPAN("off"),
            .parse = fields[i].parse,
            .limit_us =
                limit_of(schema_row_number(row, fields[i].timeout), config->tables[SCHEMA_IMSANDGRAYMAIL]),
        };
        health_set_target(i, &target);
    }
}

static void config_apply(void)
{
    static bool greeted;
    set_targets(role_config());
    if (!greeted)
        greet_queue();
    greeted = true;
}

static bool start(struct error *error)
{
    return rspamd_client_init(error);
}

const struct role role_self = {
    .id = ROLE_PEERS,
    .start = start,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .message = message,
    .config_apply = config_apply,
};
