/* Questions to the log role, each with the session that waits for the answer. */
#include "daemon/control/log_roll.h"

#include <event2/event.h>
#include <stdlib.h>

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { WAIT_SECONDS = 5 };

struct question {
    struct question *next;
    uint32_t id;
    uint64_t session;
    struct event *timer;
};

static struct question *questions;
static uint32_t last_id;

static void forget(struct question *q)
{
    struct question **p = &questions;
    while (*p != q)
        p = &(*p)->next;
    *p = q->next;
    event_free(q->timer);
    free(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct question *q = context;
    session_fail(q->session, API_ERROR_FAILED, "the log role did not answer");
    forget(q);
}

/* Whether the log is configured and runs; the session was told otherwise. */
static bool is_log(uint64_t session, const char *name)
{
    const struct config_table *logs = config_resolve(head_tree(), head_place(), SCHEMA_LOGS, NULL);
    if (config_table_find(logs, span_text(name)))
        return true;
    struct buf names = {0};
    struct config_cursor c = config_table_start(logs);
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        buf_printf(&names, "%s", names.len ? ", " : "");
        buf_append_span(&names, schema_row_key(row));
    }
    session_fail(session, API_ERROR_NOT_FOUND, "log '%s' (logs: %s)", name, buf_text(&names));
    buf_free(&names);
    return false;
}

void log_roll(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    const char *name = member_text(request, "log");
    if (name && !is_log(session, name))
        return;
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.next = questions, .id = ++last_id, .session = session};
    q->timer = evtimer_new(role_base(), on_timeout, q);
    questions = q;
    struct buf body = {0};
    wire_put_u32(&body, q->id);
    wire_put_span(&body, span_text(name ? name : ""));
    bool sent = role_send(ROLE_LOG, MSG_LOG_ROLL, buf_span(&body), -1);
    buf_free(&body);
    /* One that is away is started anew and answers nothing that was asked before: no use in waiting. */
    struct timeval limit = {sent ? WAIT_SECONDS : 0, 0};
    evtimer_add(q->timer, &limit);
    audit_write(info->account.user, info->from, "log.rollover", name ? name : "all",
                sent ? API_DONE : API_FAILED);
}

void log_roll_reply(struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in), count = wire_get_count(in, 4);
    json_t *names = json_array();
    for (uint32_t i = 0; i < count; i++) {
        struct span name = wire_get_span(in);
        json_array_append_new(names, json_stringn(name.n ? name.p : "", name.n));
    }
    struct question *q = questions;
    while (q && q->id != id)
        q = q->next;
    if (q && !in->failed) {
        session_done(q->session, json_pack("{s:I,s:O}", "count", (json_int_t)count, "logs", names));
        forget(q);
    }
    json_decref(names);
}
