/* Suspending deliveries and listeners at the administrator's word: durable, like the pausing of the work queue.
 *
 * Suspended deliveries: nothing more is given to smtp or the Maildir, what is on its way ends as it ends.  Suspended
 * listeners, all or some by name: smtp is told, and they take no more mail.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/log_lines.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { SUSPEND_OFF, SUSPEND_ON, SUSPEND_TELL, WHO_BYTES = 64 }; /* of MSG_SUSPEND */

struct suspending {
    struct operation op;
    uint32_t id;
    struct suspension next;
    char who[WHO_BYTES + 1];
};

/* ---- sets of names ---- */

static bool has_name(const struct name_set *set, struct span name)
{
    struct wire_reader in = wire_reader_of(buf_span(&set->names));
    while (in.rest.n)
        if (span_equal(wire_get_span(&in), name))
            return true;
    return false;
}

static void add_name(struct name_set *set, struct span name)
{
    if (has_name(set, name))
        return;
    wire_put_span(&set->names, name);
    set->count++;
}

/* Adds those of from that are in `in` as well; NULL: all. */
static void add_names(struct name_set *set, const struct name_set *from, const struct name_set *in)
{
    struct wire_reader reader = wire_reader_of(buf_span(&from->names));
    while (reader.rest.n) {
        struct span name = wire_get_span(&reader);
        if (!in || has_name(in, name))
            add_name(set, name);
    }
}

static struct name_set get_names(struct wire_reader *in)
{
    struct name_set set = {0};
    uint32_t count = wire_get_count(in, sizeof(uint32_t));
    in->failed |= count > LISTENERS_MAX;
    for (uint32_t i = 0; i < count && !in->failed; i++)
        add_name(&set, wire_get_span(in));
    return set;
}

static void put_suspension(struct buf *out, const struct suspension *s)
{
    wire_put_u8(out, s->parts);
    wire_put_u32(out, s->listeners.count);
    buf_append_span(out, buf_span(&s->listeners.names));
}

static struct suspension copy_suspension(const struct suspension *s)
{
    struct suspension copy = {.parts = s->parts};
    add_names(&copy.listeners, &s->listeners, NULL);
    return copy;
}

/* ---- telling ---- */

static void reply(const struct queue *q, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    put_suspension(&body, &q->suspended);
    role_send(ROLE_CONTROL, MSG_SUSPEND_REPLY, buf_span(&body), -1);
    buf_free(&body);
}

void suspend_tell_smtp(const struct queue *q)
{
    struct buf body = {0};
    put_suspension(&body, &q->suspended);
    role_send(ROLE_SMTP, MSG_LISTENERS_SUSPENDED, buf_span(&body), -1);
    buf_free(&body);
}

static void log_change(const char *what, bool before, bool after, const char *who)
{
    if (!before && after)
        LOG(SUSPENDED, LOG_T(what), LOG_T(who));
    else if (before && !after)
        LOG(RESUMED, LOG_T(what), LOG_T(who));
}

static void log_names(const struct name_set *set, const struct suspension *before,
                      const struct suspension *after, const char *who)
{
    struct wire_reader in = wire_reader_of(buf_span(&set->names));
    struct buf what = {0};
    while (in.rest.n) {
        struct span name = wire_get_span(&in);
        buf_clear(&what);
        buf_printf(&what, "receiving on %.*s", (int)name.n, name.p);
        /* One that all others have joined was not resumed. */
        bool after_it = (after->parts & QUEUE_PART_LISTENERS) || has_name(&after->listeners, name);
        log_change(buf_text(&what), has_name(&before->listeners, name), after_it, who);
    }
    buf_free(&what);
}

static void log_suspension(const struct suspension *before, const struct suspension *after, const char *who)
{
    log_change("delivery", before->parts & QUEUE_PART_DELIVERY, after->parts & QUEUE_PART_DELIVERY, who);
    log_change("receiving", before->parts & QUEUE_PART_LISTENERS, after->parts & QUEUE_PART_LISTENERS, who);
    struct suspension either = copy_suspension(before);
    add_names(&either.listeners, &after->listeners, NULL);
    log_names(&either.listeners, before, after, who);
    buf_free(&either.listeners.names);
}

/* ---- changing ---- */

static bool write_suspending(struct queue *q, struct operation *op, struct fault *f)
{
    const struct suspension *next = &((struct suspending *)op)->next;
    return store_set_suspended(q->store, next, f);
}

static void committed_suspending(struct queue *q, struct operation *op)
{
    struct suspending *o = (struct suspending *)op;
    log_suspension(&q->suspended, &o->next, o->who);
    buf_free(&q->suspended.listeners.names);
    q->suspended = o->next;
    suspend_tell_smtp(q);
    reply(q, o->id);
    free(o);
    deliver_dispatch(q);
}

static const struct operation_type suspending_type = {write_suspending, committed_suspending, NULL};

/* Whole parts.  Whatever is said of all listeners holds for each. */
static void change_parts(struct suspension *s, uint8_t parts, bool suspend)
{
    s->parts = suspend ? s->parts | parts : s->parts & (uint8_t)~parts;
    if (parts & QUEUE_PART_LISTENERS) {
        buf_free(&s->listeners.names);
        s->listeners = (struct name_set){0};
    }
}

/* These listeners; others are all the rest of those that are configured, so names of former ones go.  When all were
 * suspended, the others stay so. */
static void change_names(struct suspension *s, const struct name_set *these, const struct name_set *others,
                         bool suspend)
{
    struct name_set next = {0};
    if (s->parts & QUEUE_PART_LISTENERS) {
        if (suspend)
            return;
        add_names(&next, others, NULL);
    } else {
        add_names(&next, &s->listeners, others);
        if (suspend)
            add_names(&next, these, NULL);
    }
    s->parts &= (uint8_t)~QUEUE_PART_LISTENERS;
    buf_free(&s->listeners.names);
    s->listeners = next;
}

static void find_latest(const struct operation_list *list, const struct suspension **found)
{
    const struct operation *op;
    TAILQ_FOREACH (op, list, link)
        if (op->type == &suspending_type)
            *found = &((const struct suspending *)op)->next;
}

/* What a request that came before and is not on disk yet leads to, else what is. */
static const struct suspension *latest(const struct queue *q)
{
    const struct suspension *s = &q->suspended;
    find_latest(&q->turn.stuck, &s);
    find_latest(&q->turn.operations, &s);
    return s;
}

void suspend_request(struct queue *q, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    uint8_t parts = wire_get_u8(in), verb = wire_get_u8(in);
    struct span who = wire_get_span(in);
    struct name_set these = get_names(in), others = get_names(in);
    in->failed |= parts == 0 || parts > QUEUE_PART_ALL || verb > SUSPEND_TELL || who.n > WHO_BYTES;
    in->failed |= these.count && parts != QUEUE_PART_LISTENERS;
    if (!in->failed && verb == SUSPEND_TELL) {
        reply(q, id);
    } else if (!in->failed) {
        struct suspending *o = xcalloc(1, sizeof *o);
        o->op.type = &suspending_type;
        o->id = id;
        o->next = copy_suspension(latest(q));
        memcpy(o->who, who.n ? who.p : "", who.n);
        if (these.count)
            change_names(&o->next, &these, &others, verb == SUSPEND_ON);
        else
            change_parts(&o->next, parts, verb == SUSPEND_ON);
        turn_add(q, &o->op, TURN_NOW);
    }
    buf_free(&these.names);
    buf_free(&others.names);
}
