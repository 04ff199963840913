/* Emptying segments of which little lives: their bodies are appended again, a bounded number at a time. */
#include <stdlib.h>

#include "daemon/queue/queue.h"
#include "engine/base/xalloc.h"

enum { BODIES_PER_STEP = 32, BYTES_PER_STEP = 2 * 1024 * 1024 };

struct moved {
    uint64_t mid;
    struct spool_record from, to;
};

struct move {
    struct operation op;
    uint32_t segment;
    struct moved bodies[BODIES_PER_STEP];
    uint32_t count, done;
    bool damaged, failed; /* some body of the segment could not be read: for ever, for now */
};

static void list_body(void *context, uint64_t mid, const struct spool_record *body)
{
    struct move *mv = context;
    mv->bodies[mv->count++] = (struct moved){.mid = mid, .from = *body};
}

static bool add_piece(void *context, struct span piece)
{
    buf_append_span(context, piece);
    return true;
}

static bool same_place(const struct spool_record *a, const struct spool_record *b)
{
    return a->segment == b->segment && a->offset == b->offset;
}

static bool copy_body(struct queue *q, struct move *mv, struct moved *b, struct fault *f)
{
    struct buf bytes = {0};
    bool good = true;
    b->to = b->from; /* what cannot be read stays where it is; its delivery will say so */
    enum spool_result result = spool_read(q->spool, &b->from, add_piece, &bytes);
    if (result == SPOOL_GOOD)
        good = spool_append(q->spool, b->mid, buf_span(&bytes), &b->to, f);
    mv->damaged |= result == SPOOL_DAMAGED;
    mv->failed |= result == SPOOL_FAILED;
    buf_free(&bytes);
    return good;
}

/* Lists the bodies in the transaction that moves them: other operations may have ended some meanwhile. */
static bool write_move(struct queue *q, struct operation *op, struct fault *f)
{
    struct move *mv = (struct move *)op;
    uint64_t bytes = 0;
    mv->count = 0;
    mv->damaged = mv->failed = false;
    if (!store_segment_bodies(q->store, mv->segment, BODIES_PER_STEP, list_body, mv, f))
        return false;
    for (mv->done = 0; mv->done < mv->count && bytes < BYTES_PER_STEP; mv->done++) {
        struct moved *b = &mv->bodies[mv->done], *before = mv->done ? b - 1 : NULL;
        if (before && same_place(&before->from, &b->from))
            b->to = before->to; /* children of one message share its body */
        else if (!copy_body(q, mv, b, f))
            return false;
        bytes += b->from.length;
        if (!store_move_body(q->store, b->mid, &b->to, f))
            return false;
    }
    return true;
}

static void end_move(struct queue *q, struct move *mv)
{
    q->moving = false;
    free(mv);
}

static void committed_move(struct queue *q, struct operation *op)
{
    struct move *mv = (struct move *)op;
    for (uint32_t i = 0; i < mv->done; i++) {
        struct moved *b = &mv->bodies[i];
        spool_keep(q->spool, &b->to);
        spool_release(q->spool, &b->from);
        struct message *m = queue_find(q, b->mid);
        if (m)
            m->body = b->to;
    }
    bool again = !mv->failed; /* otherwise with the next tick */
    if (mv->damaged || mv->count == 0)
        spool_leave_segment(q->spool, mv->segment);
    end_move(q, mv);
    if (again)
        compact_step(q);
}

/* There is no hurry: the next tick tries again. */
static void refused_move(struct queue *q, struct operation *op, const struct fault *f)
{
    (void)f;
    end_move(q, (struct move *)op);
}

static const struct operation_type move_type = {write_move, committed_move, refused_move};

void compact_step(struct queue *q)
{
    uint32_t segment = spool_sparse_segment(q->spool);
    if (segment == 0 || q->moving || q->turn.failing)
        return;
    struct move *mv = xcalloc(1, sizeof *mv);
    mv->op.type = &move_type;
    mv->segment = segment;
    q->moving = true;
    turn_add(q, &mv->op, TURN_LATER);
}
