/* Rollover: a question to the log role. */
#include "daemon/control/log_roll.h"

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/control/question.h"
#include "daemon/protocol.h"

static struct questions questions = {
    .role = ROLE_LOG, .type = MSG_LOG_ROLL, .silent = "the log role did not answer"};

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
    struct buf body = {0};
    wire_put_span(&body, span_text(name ? name : ""));
    bool sent = question_ask(&questions, session, buf_span(&body));
    buf_free(&body);
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
    uint64_t session = in->failed ? 0 : question_answered(&questions, id);
    if (session)
        session_done(session, json_pack("{s:I,s:O}", "count", (json_int_t)count, "logs", names));
    json_decref(names);
}
