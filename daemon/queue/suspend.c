/* Suspending deliveries and listeners at the administrator's word: durable, like the pausing of the work queue.
 *
 * Suspended deliveries: nothing more is given to smtp or the Maildir, what is on its way ends as it ends.  Suspended
 * listeners: smtp is told and takes no more mail.
 */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { SUSPEND_OFF, SUSPEND_ON, SUSPEND_TELL, WHO_BYTES = 64 }; /* of MSG_SUSPEND */

struct suspending {
    struct operation op;
    uint32_t id;
    uint8_t parts; /* that are suspended from then on */
    char who[WHO_BYTES + 1];
};

static void reply(const struct queue *q, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u8(&body, q->suspended);
    role_send(ROLE_CONTROL, MSG_SUSPEND_REPLY, buf_span(&body), -1);
    buf_free(&body);
}

void suspend_tell_smtp(const struct queue *q)
{
    struct buf body = {0};
    wire_put_u8(&body, (q->suspended & QUEUE_PART_LISTENERS) != 0);
    role_send(ROLE_SMTP, MSG_LISTENERS_SUSPENDED, buf_span(&body), -1);
    buf_free(&body);
}

static bool write_suspending(struct queue *q, struct operation *op, struct fault *f)
{
    return store_set_suspended(q->store, ((struct suspending *)op)->parts, f);
}

static void log_part(uint8_t changed, uint8_t now, enum queue_part part, const char *what, const char *who)
{
    if (changed & part & now)
        LOG(SUSPENDED, LOG_T(what), LOG_T(who));
    else if (changed & part)
        LOG(RESUMED, LOG_T(what), LOG_T(who));
}

static void committed_suspending(struct queue *q, struct operation *op)
{
    struct suspending *o = (struct suspending *)op;
    uint8_t changed = q->suspended ^ o->parts;
    q->suspended = o->parts;
    log_part(changed, o->parts, QUEUE_PART_DELIVERY, "delivery", o->who);
    log_part(changed, o->parts, QUEUE_PART_LISTENERS, "receiving", o->who);
    if (changed & QUEUE_PART_LISTENERS)
        suspend_tell_smtp(q);
    reply(q, o->id);
    free(o);
    deliver_dispatch(q);
}

static const struct operation_type suspending_type = {write_suspending, committed_suspending, NULL};

void suspend_request(struct queue *q, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    uint8_t parts = wire_get_u8(in), verb = wire_get_u8(in);
    struct span who = wire_get_span(in);
    in->failed |= parts == 0 || parts > QUEUE_PART_ALL || verb > SUSPEND_TELL || who.n > WHO_BYTES;
    if (in->failed)
        return;
    if (verb == SUSPEND_TELL) {
        reply(q, id);
        return;
    }
    struct suspending *o = xcalloc(1, sizeof *o);
    o->op.type = &suspending_type;
    o->id = id;
    o->parts = verb == SUSPEND_ON ? q->suspended | parts : q->suspended & (uint8_t)~parts;
    memcpy(o->who, who.n ? who.p : "", who.n);
    turn_add(q, &o->op, TURN_NOW);
}
