/* Sessions from the audit.  Their numbers begin anew with each life of this process, so the records are read from the
 * newest on: the end of a session is met before its begin, and belongs to the first begin behind it. */
#include "daemon/control/logins.h"

#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/session.h"

enum { ROWS = 100 };

struct walk {
    json_t *ends; /* by number: the end of a session whose begin is still to come; null when that has come */
    json_t *rows; /* what was found */
    size_t most;  /* of them */
    const char *user; /* NULL: of all */
    const char *but;  /* the number of a session that is left out; NULL: none */
};

/* Whether the session of this number still is; only the newest begin of a number can be its. */
static const struct session_info *find_open(const struct walk *w, const char *number, const char *user)
{
    uint64_t id;
    if (json_object_get(w->ends, number) || !span_parse_u64(span_text(number), &id))
        return NULL;
    const struct session_info *s = session_info(id);
    return s && strcmp(s->account.user, user) == 0 ? s : NULL;
}

static void add_begin(struct walk *w, const struct store_config_audit *record)
{
    const struct session_info *open = find_open(w, record->detail, record->user);
    json_t *end = json_object_get(w->ends, record->detail);
    json_t *row = json_pack("{s:s,s:I,s:b,s:s}", "user", record->user, "begin", (json_int_t)record->time,
                            "open", open != NULL, "from", open ? open->from : "");
    if (json_is_object(end))
        json_object_update(row, end);
    bool left_out = (w->user && strcmp(w->user, record->user) != 0) ||
                    (open && w->but && strcmp(w->but, record->detail) == 0);
    if (!left_out)
        json_array_append(w->rows, row);
    json_decref(row);
    json_object_set_new(w->ends, record->detail, json_null());
}

static bool take_record(const struct store_config_audit *record, void *context)
{
    struct walk *w = context;
    if (strcmp(record->method, AUDIT_CLOSE) == 0)
        json_object_set_new(w->ends, record->detail,
                            json_pack("{s:I,s:s}", "end", (json_int_t)record->time, "from", record->source));
    else
        add_begin(w, record);
    return json_array_size(w->rows) < w->most;
}

/* Fills in w->rows (a new reference), newest first. */
static bool walk(struct walk *w, struct error *error)
{
    w->ends = json_object();
    w->rows = json_array();
    bool good = audit_each_session(take_record, w, error);
    json_decref(w->ends);
    return good;
}

void logins_last(uint64_t session, json_t *request)
{
    const json_t *limit = json_object_get(request, "limit");
    struct walk w = {.most = limit ? (size_t)json_integer_value(limit) : ROWS};
    struct error error;
    if (walk(&w, &error)) {
        session_done(session, json_pack("{s:O}", "sessions", w.rows));
    } else {
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
    }
    json_decref(w.rows);
}

json_t *logins_before(uint64_t session)
{
    char number[32];
    struct walk w = {.most = 1, .user = session_info(session)->account.user, .but = number};
    struct error ignored; /* the log says that the store is broken */
    snprintf(number, sizeof number, "%llu", (unsigned long long)session);
    walk(&w, &ignored);
    json_t *row = json_array_size(w.rows) ? json_incref(json_array_get(w.rows, 0)) : json_null();
    json_decref(w.rows);
    return row;
}
