/* Final events on their way to the log role: in sequence, a window at a time, until they are on its disk. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

static bool write_removal(struct queue *q, struct operation *op, struct fault *f)
{
    (void)op;
    return store_remove_finals(q->store, q->outbox.acknowledged, f);
}

static void committed_removal(struct queue *q, struct operation *op)
{
    q->outbox.removing = false;
    free(op);
}

static const struct operation_type removal_type = {write_removal, committed_removal, NULL};

void outbox_acknowledged(struct queue *q, struct wire_reader *in)
{
    uint64_t sequence = wire_get_u64(in);
    uint32_t n = 0;
    while (n < q->outbox.outstanding && q->outbox.window[n] <= sequence)
        n++;
    if (n == 0)
        return; /* of an earlier connection, or never sent */
    q->outbox.acknowledged = q->outbox.window[n - 1];
    q->outbox.outstanding -= n;
    memmove(q->outbox.window, q->outbox.window + n, q->outbox.outstanding * sizeof q->outbox.window[0]);
    if (!q->outbox.removing) {
        struct operation *op = xcalloc(1, sizeof *op);
        op->type = &removal_type;
        q->outbox.removing = true;
        turn_add(q, op, TURN_LATER);
    }
    outbox_pump(q);
}

void outbox_log_up(struct queue *q)
{
    q->outbox.outstanding = 0;
    q->outbox.sent = q->outbox.acknowledged;
    outbox_pump(q);
}

static void send_event(void *context, const struct final_event *e)
{
    struct queue *q = context;
    struct buf body = {0};
    final_event_put(&body, e);
    role_send(ROLE_LOG, MSG_FINAL_EVENT, buf_span(&body), -1);
    buf_free(&body);
    q->outbox.window[q->outbox.outstanding++] = e->sequence;
    q->outbox.sent = e->sequence;
}

void outbox_pump(struct queue *q)
{
    uint32_t room = OUTBOX_WINDOW - q->outbox.outstanding;
    struct fault f;
    if (room == 0 || store_counts(q->store)->outbox == 0 || !role_peer(ROLE_LOG))
        return;
    if (!store_each_final(q->store, q->outbox.sent, room, send_event, q, &f)) {
        if (f.kind == FAULT_BROKEN)
            role_fatal("%s", f.error.text);
        LOG(STORE_ERROR, LOG_T(f.error.text));
    }
}
