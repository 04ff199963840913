/* What the queue holds at the moment, for `status` and `rate`. */
#include "daemon/queue/queue.h"
#include "daemon/role_messages.h"

void queue_gauge_recipients(struct queue *q, const struct message *m, int sign)
{
    if (m->state == RECIPIENT_SCAN)
        q->gauges.messages_scan += (uint64_t)sign;
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        uint64_t *gauge = m->state == RECIPIENT_SCAN    ? &q->gauges.waiting_scan
                          : m->recipients[i].tries == 0 ? &q->gauges.active
                                                        : &q->gauges.delayed;
        *gauge += (uint64_t)sign;
        if (m->state == RECIPIENT_DELIVER)
            hosts_waits(q, m->recipients[i].address, sign);
    }
}

void gauges_request(struct queue *q, struct wire_reader *in)
{
    const struct store_counts *counts = store_counts(q->store);
    const struct message *oldest = TAILQ_FIRST(&q->by_age);
    struct spool_figures spool = spool_figures(q->spool);
    const struct role_figure rows[] = {
        {"messages", counts->messages},
        {"recipients_waiting_scan", q->gauges.waiting_scan},
        {"messages_waiting_scan", q->gauges.messages_scan},
        {"workqueue_in", q->gauges.scan_in},
        {"workqueue_out", q->gauges.scan_in - q->gauges.messages_scan},
        {"workqueue_paused", q->scan.paused},
        {"delivery_suspended", (q->suspended.parts & QUEUE_PART_DELIVERY) != 0},
        {"listeners_suspended", (q->suspended.parts & QUEUE_PART_LISTENERS) != 0},
        {"listeners_suspended_by_name", q->suspended.listeners.count},
        {"recipients_active", q->gauges.active},
        {"recipients_delayed", q->gauges.delayed},
        {"recipients_quarantined", counts->quarantined},
        {"messages_quarantined", counts->quarantined_messages},
        {"quarantine_bytes", counts->quarantine_bytes},
        {"recipients_held", counts->held},
        {"spool_bytes", spool.live_bytes},
        {"spool_segments", spool.segments},
        {"free_bytes", q->space.free_bytes},
        {"space_low", q->space.low},
        {"outbox", counts->outbox},
        {"oldest_message", oldest ? (uint64_t)oldest->received : 0},
    };
    role_answer_status(in, rows, sizeof rows / sizeof rows[0]);
}
