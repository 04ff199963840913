/* Bounces: making and storing them. */
#include "daemon/queue/bounce.h"

#include "daemon/log_lines.h"
#include "daemon/queue/header.h"
#include "daemon/role_config.h"
#include "engine/base/clock.h"

enum { HEAD_BYTES = 10 * 1024 };

/* Before the first configuration it is the default. */
static void put_from(struct buf *out, const struct queue *q)
{
    const struct config_table *addresses = role_config()->tables[SCHEMA_ADDRESSES];
    const char *preset = schema_tables[SCHEMA_ADDRESSES].fields[ADDRESSES_BOUNCES].preset;
    struct span from =
        addresses ? schema_row_text(config_table_single(addresses), ADDRESSES_BOUNCES) : span_text(preset);
    schema_from_put(out, from, span_text(q->hostname));
}

bool bounce_store(struct queue *q, const struct message *m, const struct bounce_failure *failures,
                  uint32_t count, struct message **made, struct fault *f)
{
    message_free(*made);
    *made = NULL;
    if (m->sender.n == 0 || count == 0)
        return true;
    struct recipient to = {.address = m->sender};
    struct message bounce = {.parent = message_mid(m),
                             .received = clock_wall_us(),
                             .state = RECIPIENT_DELIVER,
                             .recipients = &to,
                             .recipient_count = 1};
    if (!store_take_id(q->store, ID_MID, &bounce.node.key, f))
        return false;
    char head[HEAD_BYTES];
    struct buf from = {0}, text = {0};
    put_from(&from, q);
    struct bounce b = {.hostname = span_text(q->hostname),
                       .from = buf_span(&from),
                       .sender = m->sender,
                       .mid = message_mid(&bounce),
                       .now = bounce.received,
                       .received = m->received,
                       .failures = failures,
                       .count = count,
                       .head = span_of(head, body_head(q, m, head, sizeof head))};
    bounce_put(&text, &b);
    bounce.body_8bit = bounce_has_8bit(buf_span(&text));
    bounce.message_id = header_message_id(buf_span(&text));
    bool good = spool_append(q->spool, message_mid(&bounce), buf_span(&text), &bounce.body, f) &&
                store_add_message(q->store, &bounce, f);
    if (good)
        *made = message_copy(&bounce, NULL, 0);
    buf_free(&text);
    buf_free(&from);
    return good;
}

void bounce_committed(struct queue *q, struct message *made)
{
    if (!made)
        return;
    spool_keep(q->spool, &made->body);
    LOG(BOUNCE_MADE, LOG_U(message_mid(made)), LOG_U(made->parent));
    LOG(START_MID, LOG_U(message_mid(made)), LOG_U(made->icid));
    LOG(FROM, LOG_U(message_mid(made)), LOG_U(made->icid), LOG_S(made->sender));
    LOG(BOUNCE_TO, LOG_U(message_mid(made)), LOG_U(made->icid), LOG_U(0),
        LOG_S(made->recipients[0].address));
    LOG(QUEUED, LOG_U(message_mid(made)));
    queue_add_message(q, made);
}
