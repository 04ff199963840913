/* Notices: who is told of what, making and storing them. */
#include "daemon/queue/bounce.h"

#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/header.h"
#include "daemon/role_config.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { HEAD_BYTES = 10 * 1024, SECOND_US = 1000000 };

bool bounce_is_wanted(const struct recipient *r, enum bounce_action action)
{
    static const uint8_t bits[BOUNCE_ACTION_COUNT] = {
        [BOUNCE_FAILED] = SMTP_NOTIFY_FAILURE,
        [BOUNCE_DELAYED] = SMTP_NOTIFY_DELAY,
        [BOUNCE_RELAYED] = SMTP_NOTIFY_SUCCESS,
        [BOUNCE_DELIVERED] = SMTP_NOTIFY_SUCCESS,
    };
    return r->notify ? (r->notify & bits[action]) != 0 : action == BOUNCE_FAILED;
}

static bool append_piece(void *context, struct span piece)
{
    buf_append_span(context, piece);
    return true;
}

/* RFC 3461 6.2: the message is returned whole only when it failed, and was asked for. */
static void read_lost(struct queue *q, struct bounce *b, uint64_t whole_most, struct buf *bytes)
{
    const struct message *m = b->lost;
    if (bounce_worst(b->recipients, b->count) == BOUNCE_FAILED && m->returns == SMTP_RETURN_FULL &&
        m->body.length <= whole_most && body_read(q, m, append_piece, bytes) == SPOOL_GOOD &&
        bounce_may_return(b, buf_span(bytes))) {
        b->whole = true;
    } else {
        buf_clear(bytes);
        bytes->len = body_head(q, m, buf_reserve(bytes, HEAD_BYTES), HEAD_BYTES);
    }
    b->head = buf_span(bytes);
}

/* Before the first configuration it is the default. */
static void put_from(struct buf *out, const struct queue *q)
{
    const struct config_table *addresses = role_config()->tables[SCHEMA_ADDRESSES];
    const char *preset = schema_tables[SCHEMA_ADDRESSES].fields[ADDRESSES_BOUNCES].preset;
    struct span from =
        addresses ? schema_row_text(config_table_single(addresses), ADDRESSES_BOUNCES) : span_text(preset);
    schema_from_put(out, from, span_text(q->hostname));
}

static bool store(struct queue *q, struct bounce *b, uint64_t whole_most, struct message **made,
                  struct fault *f)
{
    struct recipient to = {.address = b->lost->sender};
    struct message bounce = {.parent = message_mid(b->lost),
                             .received = b->now,
                             .state = RECIPIENT_DELIVER,
                             .recipients = &to,
                             .recipient_count = 1,
                             .utf8 = span_has_8bit(b->lost->sender),
                             .no_failure = bounce_worst(b->recipients, b->count) != BOUNCE_FAILED};
    if (!store_take_id(q->store, ID_MID, &bounce.node.key, f))
        return false;
    b->mid = message_mid(&bounce);
    struct buf from = {0}, text = {0}, lost = {0};
    put_from(&from, q);
    b->from = buf_span(&from);
    read_lost(q, b, whole_most, &lost);
    bounce_put(&text, b);
    bounce.body_8bit = span_has_8bit(buf_span(&text));
    bounce.message_id = header_message_id(buf_span(&text));
    bool good = spool_append(q->spool, b->mid, buf_span(&text), &bounce.body, f) &&
                store_add_message(q->store, &bounce, f);
    if (good)
        *made = message_copy(&bounce, NULL, 0);
    buf_free(&lost);
    buf_free(&text);
    buf_free(&from);
    return good;
}

bool bounce_store(struct queue *q, const struct message *m, const struct bounce_recipient *recipients,
                  uint32_t count, uint64_t whole_most, struct message **made, struct fault *f)
{
    message_free(*made);
    *made = NULL;
    if (m->sender.n == 0 || count == 0)
        return true;
    struct bounce_recipient *wanted = xreallocarray(NULL, count, sizeof *wanted);
    struct bounce b = {.hostname = span_text(q->hostname),
                       .lost = m,
                       .now = clock_wall_us(),
                       .retry_until = m->received + q->settings->lifetime * SECOND_US,
                       .recipients = wanted};
    for (uint32_t i = 0; i < count; i++)
        if (bounce_is_wanted(recipients[i].recipient, recipients[i].action))
            wanted[b.count++] = recipients[i];
    bool good = b.count == 0 || store(q, &b, whole_most, made, f);
    free(wanted);
    return good;
}

void bounce_committed(struct queue *q, struct message *made)
{
    if (!made)
        return;
    spool_keep(q->spool, &made->body);
    if (made->no_failure)
        LOG(NOTICE_MADE, LOG_U(message_mid(made)), LOG_U(made->parent));
    else
        LOG(BOUNCE_MADE, LOG_U(message_mid(made)), LOG_U(made->parent));
    LOG(START_MID, LOG_U(message_mid(made)), LOG_U(made->icid));
    LOG(FROM, LOG_U(message_mid(made)), LOG_U(made->icid), LOG_S(made->sender));
    LOG(BOUNCE_TO, LOG_U(message_mid(made)), LOG_U(made->icid), LOG_U(0),
        LOG_S(made->recipients[0].address));
    LOG(QUEUED, LOG_U(message_mid(made)));
    queue_add_message(q, made);
}
