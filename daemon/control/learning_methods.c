/* What administrators see and do of what was learned. */
#include "daemon/control/learning_methods.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/lessons.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "daemon/log_lines.h"
#include "engine/base/xalloc.h"
#include "engine/scan/score.h"

enum { KEY_SHOWN = 12 };

static bool has_store(uint64_t session)
{
    if (!store_learned_is_open())
        session_fail(session, API_ERROR_FAILED, "config/learned.db cannot be opened; the log says why");
    return store_learned_is_open();
}

static json_t *text_json(struct span text)
{
    return json_stringn(text.n ? text.p : "", text.n);
}

static void add_row(void *context, const struct learned_change *c)
{
    uint64_t session = *(const uint64_t *)context;
    json_t *row =
        json_pack("{s:I,s:I,s:s,s:o*,s:o*,s:b,s:b}", "change", (json_int_t)c->id, "time", (json_int_t)c->time,
                  "kind", lesson_kinds[c->kind], "origin", text_json(c->origin), "who", text_json(c->who),
                  "undo", (int)c->can_be_undone, "used", (int)(c->has_example && c->is_used));
    if (c->has_example) {
        json_object_set_new(row, "score", json_integer(scan_score_of_log_odds(c->log_odds / 1000.0)));
        json_object_set_new(row, "key", text_json(span_slice(c->key, 0, KEY_SHOWN)));
    }
    session_rows(session, json_pack("[o]", row));
}

void learning_list(uint64_t session, json_t *request)
{
    (void)request;
    struct error error;
    if (!has_store(session))
        return;
    if (store_learned_each(add_row, &session, &error))
        session_done(session, NULL);
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
}

void learning_status(uint64_t session, json_t *request)
{
    (void)request;
    struct error error;
    int64_t all = 0, others = 0;
    if (!has_store(session))
        return;
    if (store_learned_count(&all, &others, &error))
        session_done(session,
                     json_pack("{s:b,s:I,s:I,s:i}", "enabled", (int)lessons_wanted(), "examples",
                               (json_int_t)all, "unused", (json_int_t)others, "most", SCAN_LEARNED_EXAMPLES));
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
}

static bool save(struct session_info *info, const char *name, struct span set, struct error *error)
{
    files_drop_upload(info->id, &info->upload);
    bool good = files_begin_upload(info->id, name, &info->upload, error) &&
                files_add_to_upload(&info->upload, set.n ? set.p : "", set.n, error) &&
                files_finish_upload(info->id, &info->upload, error);
    files_drop_upload(info->id, &info->upload);
    return good;
}

/* The file that `mailward-scan --learned` reads. */
void learning_export(uint64_t session, json_t *request)
{
    const char *name = files_name_of(session, request);
    struct buf set = {0};
    uint32_t count = 0;
    struct error error;
    if (!name || !has_store(session))
        return;
    if (store_learned_set(&set, &count, &error) && save(session_info(session), name, buf_span(&set), &error))
        session_done(session, json_pack("{s:I}", "examples", (json_int_t)count));
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
    buf_free(&set);
}

static void record(uint64_t session, const char *detail)
{
    const struct session_info *info = session_info(session);
    audit_write(info->account.user, info->from, info->method, detail, API_DONE);
}

void learning_undo(uint64_t session, json_t *request)
{
    const json_t *count = json_object_get(request, "count");
    unsigned undone = 0;
    struct error error;
    char detail[32];
    if (!has_store(session))
        return;
    if (!store_learned_undo(count ? (unsigned)json_integer_value(count) : 1, &undone, &error)) {
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
        return;
    }
    lessons_drop("changes were undone while it waited");
    if (undone) {
        snprintf(detail, sizeof detail, "%u", undone);
        LOG(LEARN_UNDONE, LOG_U(undone), LOG_T(session_info(session)->account.user));
        record(session, detail);
        lessons_changed();
    }
    session_done(session, json_pack("{s:i}", "undone", (int)undone));
}

void learning_reset(uint64_t session, json_t *request)
{
    (void)request;
    int64_t all = 0, others = 0;
    struct error error;
    if (!has_store(session))
        return;
    if (!store_learned_count(&all, &others, &error) || !store_learned_reset(&error)) {
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
        return;
    }
    lessons_drop("everything was forgotten while it waited");
    LOG(LEARN_RESET, LOG_U((uint64_t)all), LOG_T(session_info(session)->account.user));
    record(session, "");
    lessons_changed();
    session_done(session, json_pack("{s:I}", "forgotten", (json_int_t)all));
}

/* ---- learning.learn: the queue is asked for one message after the other ---- */

struct learning {
    struct queue_call call;
    enum lesson_kind kind;
    char who[64];
    json_t *mids, *missing;
    size_t next;
    json_int_t taken;
};

static json_int_t mid_of(const struct learning *l)
{
    return json_integer_value(json_array_get(l->mids, l->next));
}

static void ask_next(struct learning *l)
{
    struct buf body = {0};
    if (l->next == json_array_size(l->mids)) {
        json_int_t refused = (json_int_t)(l->next - json_array_size(l->missing)) - l->taken;
        session_done(l->call.session, json_pack("{s:I,s:I,s:O}", "messages", l->taken, "refused", refused,
                                                "missing", l->missing));
        queue_call_end(&l->call);
        return;
    }
    wire_put_u32(&body, queue_call_id(&l->call));
    wire_put_u64(&body, (uint64_t)mid_of(l));
    queue_call_ask(&l->call, MSG_QUEUE_READ, &body);
}

static void take_text(struct queue_call *call, struct wire_reader *in, int fd)
{
    struct learning *l = (struct learning *)call;
    char origin[40];
    in->rest = (struct span){0}; /* the descriptor tells whether it is there */
    snprintf(origin, sizeof origin, "MID %" JSON_INTEGER_FORMAT, mid_of(l));
    if (fd >= 0)
        l->taken += lessons_add(&(struct lesson){.kind = l->kind, .origin = origin, .who = l->who}, fd);
    else
        json_array_append(l->missing, json_array_get(l->mids, l->next));
    l->next++;
    ask_next(l);
}

static void end_learning(struct queue_call *call)
{
    struct learning *l = (struct learning *)call;
    json_decref(l->mids);
    json_decref(l->missing);
}

static const struct queue_call_type learning_type = {take_text, NULL, NULL, end_learning};

static bool read_kind(const char *word, enum lesson_kind *kind)
{
    unsigned found = 0;
    while (found < LESSON_KINDS && strcmp(lesson_kinds[found], word) != 0)
        found++;
    *kind = (enum lesson_kind)found;
    return found < LESSON_KINDS;
}

static bool are_mids(const json_t *mids)
{
    const json_t *mid;
    size_t i;
    json_array_foreach(mids, i, mid) if (!json_is_integer(mid) || json_integer_value(mid) < 1) return false;
    return true;
}

void learning_learn(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    json_t *mids = json_object_get(request, "messages");
    enum lesson_kind kind;
    if (!has_store(session))
        return;
    if (!read_kind(json_string_value(json_object_get(request, "operation")), &kind) || !are_mids(mids)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the operation is spam, ham or forget, and 'messages' is a list of MIDs");
        return;
    }
    if (!lessons_wanted()) {
        session_fail(session, API_ERROR_WRONG_STATE, "learning is off; switch it on by learningconfig");
        return;
    }
    struct learning *l = xcalloc(1, sizeof *l);
    l->kind = kind;
    l->mids = json_incref(mids);
    l->missing = json_array();
    snprintf(l->who, sizeof l->who, "%s", info->account.user);
    queue_call_begin(&l->call, &learning_type, session);
    ask_next(l);
}
