/* The methods `queue.change` and `quarantine.change`: a page of messages after the other, or the named ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/lessons.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

struct changing {
    struct queue_call call;
    struct queue_query query;
    enum queue_change change;
    char *text; /* that the query points into */
    char who[64];
    json_t *mids;           /* NULL: all that match */
    size_t next;            /* of mids */
    bool is_reading;        /* a message that is learned from once it is released */
    int message;            /* of it; -1: none */
    uint64_t last;          /* of the pages, as the queue said it first */
    json_t *missing, *busy; /* of mids */
    json_int_t messages, recipients, busy_count;
};

static void ask_page(struct changing *c)
{
    struct buf body = {0};
    c->query.id = queue_call_id(&c->call);
    queue_query_put(&body, &c->query);
    wire_put_u8(&body, (uint8_t)c->change);
    wire_put_span(&body, span_text(c->who));
    queue_call_ask(&c->call, MSG_QUEUE_CHANGE, &body);
}

static void finish(struct changing *c)
{
    session_done(c->call.session,
                 json_pack("{s:I,s:I,s:I,s:O,s:O}", "messages", c->messages, "recipients", c->recipients,
                           "busy_count", c->busy_count, "busy", c->busy, "missing", c->missing));
    queue_call_end(&c->call);
}

/* A message that somebody releases by its MID has been looked at: it is no spam.  It is read before, as it may be gone a
 * moment later. */
static void ask_message(struct changing *c)
{
    struct buf body = {0};
    c->is_reading = true;
    wire_put_u32(&body, queue_call_id(&c->call));
    wire_put_u64(&body, c->query.last);
    queue_call_ask(&c->call, MSG_QUEUE_READ, &body);
}

static void take_message(struct changing *c, int fd)
{
    c->is_reading = false;
    c->message = fd;
    ask_page(c);
}

static void learn(struct changing *c, bool released)
{
    char origin[40];
    snprintf(origin, sizeof origin, "released MID %llu", (unsigned long long)c->query.last);
    if (c->message >= 0 && released)
        lessons_add(&(struct lesson){.kind = LESSON_HAM, .origin = origin, .who = c->who}, c->message);
    else if (c->message >= 0)
        close(c->message);
    c->message = -1;
}

/* The named messages, one at a time. */
static void ask_next_mid(struct changing *c)
{
    if (c->next == json_array_size(c->mids)) {
        finish(c);
        return;
    }
    c->query.last = (uint64_t)json_integer_value(json_array_get(c->mids, c->next));
    c->query.from = c->query.last - 1;
    if (c->change == QUEUE_CHANGE_RELEASE && lessons_wanted())
        ask_message(c);
    else
        ask_page(c);
}

static void take_mid(struct changing *c, const struct queue_changed *r)
{
    json_t *mid = json_array_get(c->mids, c->next++);
    learn(c, r->messages > 0);
    if (r->busy)
        json_array_append(c->busy, mid);
    else if (r->messages == 0)
        json_array_append(c->missing, mid);
    ask_next_mid(c);
}

static void take_page(struct queue_call *call, struct wire_reader *in, int fd)
{
    struct changing *c = (struct changing *)call;
    if (c->is_reading) {
        in->rest = (struct span){0}; /* one that cannot be read is released all the same */
        take_message(c, fd);
        return;
    }
    struct queue_changed r = {0};
    if (!queue_changed_get(in, &r) || r.error.n) {
        session_fail(call->session, API_ERROR_FAILED,
                     "%.*s; %" JSON_INTEGER_FORMAT " messages were changed before", (int)r.error.n,
                     r.error.n ? r.error.p : "", c->messages);
        queue_call_end(call);
        return;
    }
    c->messages += r.messages;
    c->recipients += r.recipients;
    c->busy_count += r.busy;
    if (c->mids) {
        take_mid(c, &r);
    } else if (r.next) {
        c->query.from = r.next;
        c->query.last = r.last;
        ask_page(c);
    } else {
        finish(c);
    }
}

static void tell_silence(struct queue_call *call)
{
    struct changing *c = (struct changing *)call;
    session_fail(call->session, API_ERROR_UNKNOWN_OUTCOME,
                 "the queue did not answer; %" JSON_INTEGER_FORMAT
                 " messages were changed before, and perhaps more",
                 c->messages);
}

static void end_changing(struct queue_call *call)
{
    struct changing *c = (struct changing *)call;
    if (c->message >= 0)
        close(c->message);
    free(c->text);
    json_decref(c->mids);
    json_decref(c->missing);
    json_decref(c->busy);
}

static const struct queue_call_type changing_type = {take_page, NULL, tell_silence, end_changing};

static bool read_mids(uint64_t session, json_t *mids)
{
    json_t *mid;
    size_t i;
    json_array_foreach(mids, i, mid)
    {
        if (!json_is_integer(mid) || json_integer_value(mid) < 1) {
            session_fail(session, API_ERROR_INVALID_ARGUMENTS, "'messages' is a list of MIDs");
            return false;
        }
    }
    return true;
}

/* As enum queue_change has them; release is for quarantine alone, bounce and deliver for the queue. */
static const char *const operations[QUEUE_CHANGE_COUNT] = {"delete", "bounce", "deliver", "release"};

static bool read_operation(uint64_t session, const json_t *request, enum queue_place place,
                           enum queue_change *change)
{
    const char *word = json_string_value(json_object_get(request, "operation"));
    unsigned found = 0;
    while (found < QUEUE_CHANGE_COUNT && strcmp(operations[found], word) != 0)
        found++;
    bool quarantine = place == QUEUE_PLACE_QUARANTINE;
    if (found == QUEUE_CHANGE_COUNT ||
        (quarantine ? found == QUEUE_CHANGE_BOUNCE || found == QUEUE_CHANGE_DELIVER
                    : found == QUEUE_CHANGE_RELEASE)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "the operation is %s, not '%s'",
                     quarantine ? "delete or release" : "delete, bounce or deliver", word);
        return false;
    }
    *change = found;
    return true;
}

static void change(uint64_t session, json_t *request, enum queue_place place)
{
    struct queue_query query = {.place = place};
    enum queue_change what;
    const struct session_info *info = session_info(session);
    json_t *mids = json_object_get(request, "messages");
    if (!read_operation(session, request, place, &what) || (mids && !read_mids(session, mids)) ||
        !queue_query_read(session, request, &query))
        return;
    struct changing *c = xcalloc(1, sizeof *c);
    c->query = query;
    c->query.text.p = c->text = xmemdup0(query.text.n ? query.text.p : "", query.text.n);
    c->change = what;
    c->message = -1;
    snprintf(c->who, sizeof c->who, "%s", info->account.user);
    c->mids = json_incref(mids);
    c->missing = json_array();
    c->busy = json_array();
    audit_write(info->account.user, info->from, info->method, operations[what], API_DONE);
    queue_call_begin(&c->call, &changing_type, session);
    if (c->mids)
        ask_next_mid(c);
    else
        ask_page(c);
}

void queue_change(uint64_t session, json_t *request)
{
    change(session, request, QUEUE_PLACE_QUEUE);
}

void quarantine_change(uint64_t session, json_t *request)
{
    change(session, request, QUEUE_PLACE_QUARANTINE);
}
