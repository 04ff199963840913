/* The spam quarantine's limits: what is too old, and the oldest of what is too much, is deleted.
 *
 * A page at a time, behind the work of the moment: mail never waits for it.
 */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/ending.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { PAGE_MESSAGES = 200 };

static const int64_t day_us = INT64_C(24) * 3600 * 1000000;

struct limits {
    int64_t oldest; /* wall time; what came before it goes */
    uint64_t bytes;
};

struct expiring {
    struct operation op;
    struct limits limits;
    struct store_oldest found[PAGE_MESSAGES];
    struct message *messages[PAGE_MESSAGES];
    uint32_t found_count, count;
    uint64_t excess; /* bytes above the limit that are left */
};

static struct limits limits_now(void)
{
    const struct schema_row *row = config_table_single(role_config()->tables[SCHEMA_SPAMQUARANTINE]);
    int64_t days = schema_row_number(row, SPAMQUARANTINE_DAYS);
    return (struct limits){.oldest = days ? clock_wall_us() - days * day_us : INT64_MIN,
                           .bytes = (uint64_t)schema_row_number(row, SPAMQUARANTINE_SIZE)};
}

static void list_oldest(void *context, const struct store_oldest *oldest)
{
    struct expiring *o = context;
    o->found[o->found_count++] = *oldest;
}

static bool keep_copy(void *context, const struct message *m, const struct store_kept *kept)
{
    (void)kept;
    struct expiring *o = context;
    o->messages[o->count++] = message_copy(m, NULL, 0);
    return false;
}

static void drop_copies(struct expiring *o)
{
    for (uint32_t i = 0; i < o->count; i++)
        message_free(o->messages[i]);
    o->count = o->found_count = 0;
}

static bool is_too_old(const struct expiring *o, const struct store_oldest *oldest)
{
    return oldest->since < o->limits.oldest;
}

static bool write_removal(struct queue *q, struct expiring *o, const struct store_oldest *oldest,
                          struct fault *f)
{
    uint32_t before = o->count;
    if (!store_page(q->store, oldest->mid - 1, oldest->mid, 1, keep_copy, o, f))
        return false;
    if (o->count == before)
        return fault_set(f, FAULT_BROKEN, "MID %llu is in quarantine and not in the queue",
                         (unsigned long long)oldest->mid);
    struct message *m = o->messages[before];
    struct span detail =
        is_too_old(o, oldest) ? SPAN("Spam Quarantine: expired") : SPAN("Spam Quarantine: queue full");
    return ending_add_finals(q, m, FINAL_DROPPED, detail, f) && ending_remove_message(q, m, f);
}

/* The limits are compared in the transaction: operations before this one may have made room. */
static bool write_expiring(struct queue *q, struct operation *op, struct fault *f)
{
    struct expiring *o = (struct expiring *)op;
    drop_copies(o);
    if (!store_each_oldest(q->store, PAGE_MESSAGES, list_oldest, o, f))
        return false;
    uint64_t bytes = store_counts(q->store)->quarantine_bytes;
    o->excess = bytes > o->limits.bytes ? bytes - o->limits.bytes : 0;
    for (uint32_t i = 0; i < o->found_count; i++) {
        const struct store_oldest *oldest = &o->found[i];
        if (!is_too_old(o, oldest) && o->excess == 0)
            break;
        if (!write_removal(q, o, oldest, f))
            return false;
        o->excess -= oldest->bytes < o->excess ? oldest->bytes : o->excess;
    }
    return true;
}

static void end_expiring(struct queue *q, struct expiring *o)
{
    drop_copies(o);
    free(o);
    q->expiring = false;
}

static void committed_expiring(struct queue *q, struct operation *op)
{
    struct expiring *o = (struct expiring *)op;
    bool more = o->count == PAGE_MESSAGES;
    for (uint32_t i = 0; i < o->count; i++) {
        const char *why = is_too_old(o, &o->found[i]) ? "expired" : "queue full";
        LOG(ISQ_EXPIRED, LOG_U(message_mid(o->messages[i])), LOG_T(why));
        spool_release(q->spool, &o->messages[i]->body);
    }
    end_expiring(q, o);
    if (more)
        expiry_tick(q);
}

/* There is no hurry: the next tick tries again. */
static void refused_expiring(struct queue *q, struct operation *op, const struct fault *f)
{
    (void)f;
    end_expiring(q, (struct expiring *)op);
}

static const struct operation_type expiring_type = {write_expiring, committed_expiring, refused_expiring};

static void take_first(void *context, const struct store_oldest *oldest)
{
    *(struct store_oldest *)context = *oldest;
}

/* One look at the oldest message tells whether there is anything to do. */
static bool is_due(struct queue *q, const struct limits *limits)
{
    struct store_oldest first = {.since = INT64_MAX};
    struct fault f;
    if (store_counts(q->store)->quarantine_bytes > limits->bytes)
        return true;
    return store_each_oldest(q->store, 1, take_first, &first, &f) && first.since < limits->oldest;
}

void expiry_tick(struct queue *q)
{
    if (q->expiring || q->turn.failing || !queue_is_configured() || store_counts(q->store)->quarantined == 0)
        return;
    struct limits limits = limits_now();
    if (!is_due(q, &limits))
        return;
    struct expiring *o = xcalloc(1, sizeof *o);
    o->op.type = &expiring_type;
    o->limits = limits;
    q->expiring = true;
    turn_add(q, &o->op, TURN_LATER);
}
