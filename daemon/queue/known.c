/* MIDs of ended messages are remembered for an hour, for an smtp role that lost our answer, and then forgotten. */
#include <stdlib.h>

#include "daemon/queue/queue.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

static const int64_t hour_us = INT64_C(3600) * 1000000;
/* Ten thousand each time: more than any gateway takes. */
static const int64_t pause_us = 5 * 1000000;

static bool write_forgetting(struct queue *q, struct operation *op, struct fault *f)
{
    (void)op;
    return store_forget(q->store, clock_wall_us() - hour_us, f);
}

static void committed_forgetting(struct queue *q, struct operation *op)
{
    (void)q;
    free(op);
}

static void refused_forgetting(struct queue *q, struct operation *op, const struct fault *f)
{
    (void)q, (void)f;
    free(op);
}

static const struct operation_type forgetting_type = {write_forgetting, committed_forgetting,
                                                      refused_forgetting};

void known_tick(struct queue *q)
{
    int64_t now = clock_mono_us();
    if (now < q->next_forgetting || q->turn.failing)
        return;
    q->next_forgetting = now + pause_us;
    struct operation *op = xcalloc(1, sizeof *op);
    op->type = &forgetting_type;
    turn_add(q, op, TURN_LATER);
}
