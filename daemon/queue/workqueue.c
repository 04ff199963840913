/* Pausing what goes to the scan role, at the administrator's word; mail is taken, and what is judged is delivered. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { WORKQUEUE_RESUME, WORKQUEUE_PAUSE, WORKQUEUE_TELL }; /* of MSG_WORKQUEUE */

struct pausing {
    struct operation op;
    uint32_t id;
    bool pause;
};

static void reply(const struct queue *q, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u8(&body, q->scan.paused);
    wire_put_u64(&body, q->gauges.messages_scan);
    role_send(ROLE_CONTROL, MSG_WORKQUEUE_REPLY, buf_span(&body), -1);
    buf_free(&body);
}

static bool write_pausing(struct queue *q, struct operation *op, struct fault *f)
{
    return store_set_paused(q->store, ((struct pausing *)op)->pause, f);
}

static void committed_pausing(struct queue *q, struct operation *op)
{
    struct pausing *o = (struct pausing *)op;
    bool changed = q->scan.paused != o->pause;
    q->scan.paused = o->pause;
    if (changed && o->pause)
        LOG(WORKQUEUE_PAUSED, LOG_U(q->gauges.messages_scan));
    else if (changed)
        LOG(WORKQUEUE_RESUMED, LOG_U(q->gauges.messages_scan));
    if (changed && !o->pause)
        multiscan_resume(q);
    reply(q, o->id);
    free(o);
}

static const struct operation_type pausing_type = {write_pausing, committed_pausing, NULL};

void workqueue_request(struct queue *q, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    uint8_t verb = wire_get_u8(in);
    in->failed |= verb > WORKQUEUE_TELL;
    if (in->failed)
        return;
    if (verb == WORKQUEUE_TELL) {
        reply(q, id);
        return;
    }
    struct pausing *o = xcalloc(1, sizeof *o);
    *o = (struct pausing){.op.type = &pausing_type, .id = id, .pause = verb == WORKQUEUE_PAUSE};
    turn_add(q, &o->op, TURN_NOW);
}
