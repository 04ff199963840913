/* MIDs of ended messages are remembered for an hour, for an smtp role that lost our answer, and then forgotten. */
#include <stdlib.h>

#include "daemon/queue/queue.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { MINUTES = 60, MINUTE_US = 60 * 1000000 };

struct forgetting {
    struct operation op;
    uint64_t mid, forgotten;
};

static bool write_forgetting(struct queue *q, struct operation *op, struct fault *f)
{
    struct forgetting *o = (struct forgetting *)op;
    return store_forget(q->store, o->mid, &o->forgotten, f);
}

static void committed_forgetting(struct queue *q, struct operation *op)
{
    struct forgetting *o = (struct forgetting *)op;
    if (o->forgotten == 0)
        q->known.forgotten = o->mid;
    free(o);
}

static const struct operation_type forgetting_type = {write_forgetting, committed_forgetting, NULL};

void known_tick(struct queue *q)
{
    int64_t now = clock_mono_us();
    if (now >= q->known.next_minute) {
        q->known.next_minute = now + MINUTE_US;
        q->known.minute = (q->known.minute + 1) % MINUTES;
        q->known.by_minute[q->known.minute] = q->known.highest;
    }
    uint64_t an_hour_ago = q->known.by_minute[(q->known.minute + 1) % MINUTES];
    if (an_hour_ago <= q->known.forgotten || q->turn.failing)
        return;
    struct forgetting *o = xcalloc(1, sizeof *o);
    *o = (struct forgetting){.op.type = &forgetting_type, .mid = an_hour_ago};
    turn_add(q, &o->op, TURN_LATER);
}
