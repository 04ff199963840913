/* How recipients and messages end. */
#include "daemon/queue/ending.h"

#include "engine/base/clock.h"

bool ending_add_final(struct queue *q, const struct message *m, const struct recipient *r,
                      enum final_kind kind, struct span detail, struct fault *f)
{
    struct final_event e = {.mid = message_mid(m),
                            .rid = r->rid,
                            .time = clock_wall_us(),
                            .kind = kind,
                            .message_id = m->message_id,
                            .sender = m->sender,
                            .recipient = r->address,
                            .detail = detail,
                            .revision = m->revision};
    return store_add_final(q->store, &e, m->versions, f);
}

bool ending_add_finals(struct queue *q, const struct message *m, enum final_kind kind, struct span detail,
                       struct fault *f)
{
    for (uint32_t i = 0; i < m->recipient_count; i++)
        if (!ending_add_final(q, m, &m->recipients[i], kind, detail, f))
            return false;
    return true;
}

bool ending_remove_message(struct queue *q, const struct message *m, struct fault *f)
{
    uint64_t mid = message_mid(m);
    bool askable = m->icid != 0, kept = m->state == RECIPIENT_QUARANTINE || m->state == RECIPIENT_HELD;
    return (kept ? store_remove_kept(q->store, m, f) : store_remove_message(q->store, mid, f)) &&
           (!askable || store_remember(q->store, mid, clock_wall_us(), f));
}

void ending_committed(struct queue *q, struct message *m)
{
    spool_release(q->spool, &m->body);
    queue_remove_message(q, m);
}
