/* The table of methods, and what is checked before one is called. */
#include "daemon/control/methods.h"

#include <string.h>

#include "config.h"
#include "daemon/control/alerts.h"
#include "daemon/control/certificates.h"
#include "daemon/control/config_lock.h"
#include "daemon/control/config_mail.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/config_secrets.h"
#include "daemon/control/feature_keys.h"
#include "daemon/control/head.h"
#include "daemon/control/learning_methods.h"
#include "daemon/control/log_query.h"
#include "daemon/control/log_roll.h"
#include "daemon/control/logins.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/status.h"
#include "daemon/control/store_learned.h"
#include "daemon/control/typed.h"
#include "daemon/control/updates.h"
#include "daemon/control/workqueue.h"

static void call_version(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, json_pack("{s:s,s:s}", "product", "mailward", "version", PACKAGE_VERSION));
}

/* clang-format off */
#define TEXT(name, required, least, most) {name, MEMBER_TEXT, required, least, most}
#define FILE_NAME(required) TEXT("name", required, 0, API_REQUEST_MAX) /* files_name_of() says what is wrong with one */
#define FLAG(name) {name, MEMBER_FLAG, false, 0, 0}
#define NUMBER(name, required, least, most) {name, MEMBER_NUMBER, required, least, most}
#define LIST(name, required, least, most) {name, MEMBER_LIST, required, least, most}
#define OBJECT(name) {name, MEMBER_OBJECT, false, 0, 0}
#define MEMBERS(...) (const struct member[]){__VA_ARGS__, {0}}
#define NO_MEMBERS (const struct member[]){{0}}
/* clang-format on */

/* Rows of a table are found by the schema's own rules; these are only bounds. */
#define TABLE_NAME(required) TEXT("table", required, 1, 64)
#define KEY TEXT("key", false, 0, 1024)
/* A number, a label, or "running". */
#define REVISION(required) TEXT("revision", required, 1, 64)
#define COMMIT_ID TEXT("commit_id", true, 16, COMMIT_ID_MAX)
#define OPERATION TEXT("operation", true, 1, 16)
#define SEARCHED TEXT("text", false, 0, 320)
#define LOG_NAME TEXT("log", true, 1, 255)

enum { EDITS_MOST = 100000, HISTORY_MOST = 1000, EXPRESSION_MOST = 1000 };

const struct method methods[] = {
    {"alerts", alerts_list, MEMBERS(NUMBER("limit", false, 1, API_ALERTS_MAX))},
    {"certificate.list", certificate_list, NO_MEMBERS},
    {"certificate.make", certificate_make, MEMBERS(TEXT("name", true, 1, 64))},
    {"cluster.change", cluster_change,
     MEMBERS(OPERATION, COMMIT_ID, TEXT("name", true, 1, 255), TEXT("other", false, 1, 255), FLAG("check"))},
    {"cluster.list", cluster_list, NO_MEMBERS},
    {"config.changes", config_changes, NO_MEMBERS},
    {"config.clear", config_clear, NO_MEMBERS},
    {"config.commit", config_commit,
     MEMBERS(COMMIT_ID, TEXT("comment", false, 0, API_COMMENT_MAX), FLAG("hidden"), FLAG("check"),
             NUMBER("confirm", false, 1, API_CONFIRM_MAX))},
    {"config.confirm", config_confirm, MEMBERS(OPERATION)},
    {"config.diff", config_diff, MEMBERS(TEXT("from", true, 1, 64), TEXT("to", true, 1, 64))},
    {"config.edit", config_edit,
     MEMBERS(LIST("edits", true, 0, EDITS_MOST), FLAG("more"), FLAG("check"), OBJECT("secrets"))},
    {"config.export", config_export,
     MEMBERS(TEXT("secrets", true, 1, 16), TEXT("passphrase", false, 1, PASSPHRASE_BYTES_MAX), FLAG("save"),
             FILE_NAME(false), LIST("recipients", false, 1, CONFIG_MAIL_RECIPIENTS))},
    {"config.get", config_get,
     MEMBERS(TABLE_NAME(true), KEY, TEXT("owner", false, 1, 1024), FLAG("running"))},
    {"config.history", config_history, MEMBERS(NUMBER("limit", false, 1, HISTORY_MOST), FLAG("all"))},
    {"config.keys", config_keys,
     MEMBERS(TABLE_NAME(true), TEXT("owner", false, 1, 1024), TEXT("prefix", false, 0, 1024))},
    {"config.label", config_label, MEMBERS(OPERATION, TEXT("name", true, 1, 64), REVISION(false))},
    {"config.level", config_level,
     MEMBERS(OPERATION, LIST("tables", true, 0, SCHEMA_TABLE_COUNT), TEXT("to", false, 1, SESSION_LEVEL_MAX),
             FLAG("defaults"))},
    {"config.levels", config_levels, MEMBERS(LIST("tables", true, 0, SCHEMA_TABLE_COUNT))},
    {"config.lock", config_lock, MEMBERS(OPERATION, TEXT("comment", false, 0, API_COMMENT_MAX))},
    {"config.lookup", config_lookup, MEMBERS(TEXT("commit_id", true, 1, COMMIT_ID_MAX))},
    {"config.mode", config_mode, MEMBERS(TEXT("level", false, 1, SESSION_LEVEL_MAX))},
    {"config.rebase", config_rebase, MEMBERS(TEXT("keep", false, 1, 16), TABLE_NAME(false), KEY)},
    {"config.reset", config_reset, NO_MEMBERS},
    {"config.rollback", config_rollback, MEMBERS(REVISION(true), TABLE_NAME(false), FLAG("preview"))},
    {"config.setting", config_setting, MEMBERS(TABLE_NAME(true), KEY, TEXT("field", false, 1, 64))},
    {"config.show", config_show, MEMBERS(REVISION(false))},
    {"counters.reset", status_reset, NO_MEMBERS},
    {"feature.activate", feature_activate, MEMBERS(TEXT("text", true, 1, 2 * FEATURE_KEY_TEXT_MAX))},
    {"feature.check", feature_check, NO_MEMBERS},
    {"feature.list", feature_list, NO_MEMBERS},
    {"file.read", files_read, MEMBERS(FILE_NAME(true))},
    {"file.write", files_write,
     MEMBERS(FILE_NAME(true), TEXT("text", true, 0, API_REQUEST_MAX), FLAG("first"), FLAG("last"))},
    {"grep", log_query_grep,
     MEMBERS(LOG_NAME, TEXT("expression", true, 0, EXPRESSION_MOST), FLAG("ignore_case"))},
    {"hello", who_hello,
     MEMBERS(FLAG("terminal"), TEXT("from", false, 0, SESSION_FROM_MAX),
             TEXT("program", false, 0, SESSION_PROGRAM_MAX))},
    {"hosts", queue_hosts, MEMBERS(TEXT("order", false, 1, 16), TEXT("host", false, 1, 320))},
    {"last", logins_last, MEMBERS(NUMBER("limit", false, 1, API_LAST_MAX))},
    {"learning.export", learning_export, MEMBERS(FILE_NAME(true))},
    {"learning.learn", learning_learn, MEMBERS(OPERATION, LIST("messages", true, 0, API_MIDS_MAX))},
    {"learning.list", learning_list, NO_MEMBERS},
    {"learning.reset", learning_reset, NO_MEMBERS},
    {"learning.status", learning_status, NO_MEMBERS},
    {"learning.undo", learning_undo, MEMBERS(NUMBER("count", false, 1, API_LEARNING_UNDO_MAX))},
    {"log.rollover", log_roll, MEMBERS(TEXT("log", false, 1, 255))},
    {"logs", log_query_names, NO_MEMBERS},
    {"quarantine.change", quarantine_change,
     MEMBERS(OPERATION, TEXT("match", false, 1, 16), SEARCHED, LIST("messages", false, 1, API_MIDS_MAX))},
    {"quarantine.list", quarantine_list,
     MEMBERS(TEXT("match", false, 1, 16), SEARCHED, NUMBER("limit", false, 1, INT64_MAX))},
    {"queue.archive", queue_archive, MEMBERS(NUMBER("mid", true, 1, INT64_MAX), FILE_NAME(true))},
    {"queue.change", queue_change,
     MEMBERS(OPERATION, TEXT("match", false, 1, 16), SEARCHED, LIST("messages", false, 1, API_MIDS_MAX))},
    {"queue.list", queue_list,
     MEMBERS(TEXT("match", false, 1, 16), SEARCHED, NUMBER("limit", false, 1, INT64_MAX))},
    {"queue.read", queue_read, MEMBERS(NUMBER("mid", true, 1, INT64_MAX))},
    {"rate", rate_call,
     MEMBERS(TEXT("what", true, 1, 16), NUMBER("interval", true, 1, API_RATE_SECONDS_MAX),
             NUMBER("count", false, 1, API_RATE_ROWS_MAX))},
    {"status", status_ask, NO_MEMBERS},
    {"suspend", queue_suspend,
     MEMBERS(OPERATION, TEXT("part", false, 1, 16), LIST("names", false, 1, LISTENERS_MAX))},
    {"tail", log_query_tail,
     MEMBERS(LOG_NAME, NUMBER("lines", false, 1, API_TAIL_LINES_MAX), FLAG("follow"))},
    {"update.start", updates_call_start, MEMBERS(TEXT("engine", true, 1, 16), FLAG("force"))},
    {"update.status", updates_call_status, MEMBERS(TEXT("engine", true, 1, 16))},
    {"version", call_version, NO_MEMBERS},
    {"who", who_list, NO_MEMBERS},
    {"whoami", who_am_i, NO_MEMBERS},
    {"workqueue", workqueue_call, MEMBERS(OPERATION)},
    {NULL, NULL, NULL},
};

static const struct method *find_method(const char *name)
{
    const struct method *m = methods;
    while (m->name && strcmp(m->name, name) != 0)
        m++;
    return m->name ? m : NULL;
}

static bool is_between(const struct member *m, json_int_t value, const char *must, const char *unit,
                       struct error *error)
{
    return (value >= m->least && value <= m->most) ||
           error_set(error, "'%s' must %s from %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT "%s",
                     m->name, must, m->least, m->most, unit);
}

static bool check_member(const struct member *m, const json_t *value, struct error *error)
{
    switch (m->type) {
    case MEMBER_TEXT:
        if (json_is_string(value))
            return is_between(m, (json_int_t)json_string_length(value), "have", " bytes", error);
        return error_set(error, "'%s' must be a text", m->name);
    case MEMBER_FLAG:
        return json_is_boolean(value) || error_set(error, "'%s' must be true or false", m->name);
    case MEMBER_NUMBER:
        if (json_is_integer(value))
            return is_between(m, json_integer_value(value), "be", "", error);
        return error_set(error, "'%s' must be a number", m->name);
    case MEMBER_LIST:
        if (json_is_array(value))
            return is_between(m, (json_int_t)json_array_size(value), "have", " elements", error);
        return error_set(error, "'%s' must be a list", m->name);
    case MEMBER_OBJECT:
        return json_is_object(value) || error_set(error, "'%s' must be an object", m->name);
    }
    return false;
}

static const struct member *find_member(const struct member *members, const char *name)
{
    while (members->name && strcmp(members->name, name) != 0)
        members++;
    return members->name ? members : NULL;
}

bool members_check(const struct member *members, json_t *object, struct error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        const struct member *m = find_member(members, name);
        if (!m)
            return error_set(error, "there is no member '%.64s' here", name);
        if (!check_member(m, value, error))
            return false;
    }
    for (const struct member *m = members; m->name; m++)
        if (m->required && !json_object_get(object, m->name))
            return error_set(error, "'%s' is missing", m->name);
    return true;
}

const char *member_text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* The role is looked at first: a refused command is refused whatever its text says (R1). */
void method_call(struct session_info *session, json_t *request)
{
    const char *name = member_text(request, "method");
    const struct method *m = name ? find_method(name) : NULL;
    const json_t *pipeline = json_object_get(request, "pipeline");
    struct error error;
    if (!m) {
        session_fail(session->id, API_ERROR_BAD_REQUEST, "there is no method '%.64s'", name ? name : "");
        return;
    }
    session->method = m->name;
    if (!typed_log(session, m->name, request, &error)) {
        session_fail(session->id, API_ERROR_BAD_REQUEST, "%s: %s", m->name, error.text);
        return;
    }
    if (!permit_allows(session->role, m->name, member_text(request, "table"),
                       member_text(request, "operation"))) {
        session_fail(session->id, API_ERROR_REFUSED, "the role %s may not do this",
                     permit_role_name(session->role));
        return;
    }
    if (!config_mode_allows(session, m->name))
        return;
    if (pipeline && !json_is_boolean(pipeline)) {
        session_fail(session->id, API_ERROR_BAD_REQUEST, "'pipeline' must be true or false");
        return;
    }
    json_object_del(request, "method");
    json_object_del(request, "pipeline");
    if (!members_check(m->members, request, &error)) {
        session_fail(session->id, API_ERROR_BAD_REQUEST, "%s: %s", m->name, error.text);
        return;
    }
    if (m->call != config_edit)
        session_config_drop_pieces(&session->config);
    m->call(session->id, request);
}
