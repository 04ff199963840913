/* Answers of a session: parts, one end, and what nobody asked for. */
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/control/audit.h"
#include "daemon/control/session_state.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/wire/wire.h"

enum { OUT_HIGH = 256 * 1024 }; /* bytes of answers not sent above which none is begun or added to */

void session_send(struct session *s, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (!text)
        abort(); /* every text passed text_from_wire() or came as JSON, so this is a bug */
    wire_put_span(&s->out, span_text(text));
    free(text);
    event_add(s->writable, NULL);
}

bool session_has_no_room(const struct session *s)
{
    return s->out.len - s->sent > OUT_HIGH;
}

bool session_is_full(uint64_t id)
{
    const struct session *s = session_find(id);
    return s && session_has_no_room(s);
}

/* ---- answers ---- */

void session_text(uint64_t id, struct span text)
{
    struct session *s = session_find(id);
    if (s)
        session_send(s, json_pack("{s:s%}", "text", text.p, text.n));
}

void session_rows(uint64_t id, json_t *rows)
{
    struct session *s = session_find(id);
    if (s)
        session_send(s, json_pack("{s:o}", "rows", rows));
    else
        json_decref(rows);
}

void session_add(uint64_t id, const char *member, json_t *value)
{
    struct session *s = session_find(id);
    if (!s) {
        json_decref(value);
        return;
    }
    if (!s->end)
        s->end = json_object();
    if (!json_object_get(s->end, member))
        json_object_set_new(s->end, member, json_array());
    json_array_append_new(json_object_get(s->end, member), value);
}

/* The next request is begun by an event: an answer may be given inside the call of its method. */
static void send_end(struct session *s, json_t *answer, enum api_status status)
{
    json_object_set_new(answer, "status", json_integer(status));
    if (s->end)
        json_object_update(answer, s->end);
    json_decref(s->end);
    s->end = NULL;
    session_send(s, answer);
    s->skipping |= s->pipelined && status != API_DONE;
    s->busy = false;
    s->info.active = clock_mono_us();
    s->info.method = NULL;
    s->work = (struct session_work){0};
    event_active(s->next_request, EV_TIMEOUT, 0);
}

void session_done(uint64_t id, json_t *result)
{
    struct session *s = session_find(id);
    if (!s) {
        json_decref(result);
        return;
    }
    json_t *answer = json_object();
    if (result)
        json_object_set_new(answer, "result", result);
    send_end(s, answer, API_DONE);
}

/* The phrase of the error with detail in place of its %s. */
static json_t *error_text(enum api_error error, struct span detail)
{
    struct span phrase = span_text(api_errors[error].phrase);
    size_t at = span_find_span(phrase, SPAN("%s"));
    struct buf text = {0};
    buf_append_span(&text, span_slice(phrase, 0, at));
    if (at < phrase.n) {
        text_from_wire(&text, detail, detail.n);
        buf_append_span(&text, span_slice(phrase, at + 2, phrase.n));
    }
    json_t *json = json_stringn(text.data, text.len);
    buf_free(&text);
    return json;
}

static void fail(uint64_t id, enum api_error error, json_t *members, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void fail(uint64_t id, enum api_error error, json_t *members, const char *format, va_list args)
{
    struct session *s = session_find(id);
    if (!s) {
        json_decref(members);
        return;
    }
    const struct api_error_row *row = &api_errors[error];
    struct buf detail = {0};
    buf_vprintf(&detail, format, args);
    json_t *answer = members ? members : json_object();
    json_object_set_new(answer, "code", json_string(row->code));
    json_object_set_new(answer, "error", error_text(error, buf_span(&detail)));
    if (row->status == API_REFUSED && s->info.role != PERMIT_NOBODY)
        audit_write(s->info.account.user, s->info.from, s->info.method ? s->info.method : "",
                    buf_text(&detail), row->status);
    buf_free(&detail);
    send_end(s, answer, row->status);
}

void session_fail(uint64_t id, enum api_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(id, error, NULL, format, args);
    va_end(args);
}

void session_fail_with(uint64_t id, enum api_error error, json_t *members, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(id, error, members, format, args);
    va_end(args);
}

void session_news(uint64_t id, const char *text, json_t *mode)
{
    struct session *s = session_find(id);
    bool takes = s && s->info.terminal && !s->ending && !session_has_no_room(s);
    if (takes && mode)
        session_send(s, json_pack("{s:O}", "mode", mode));
    if (takes && text)
        session_send(s, json_pack("{s:s}", "notice", text));
    json_decref(mode);
}

void session_notice(uint64_t but, const char *text)
{
    struct buf safe = {0};
    text_from_wire(&safe, span_text(text), SIZE_MAX);
    for (struct session *s = session_older(NULL); s; s = session_older(s))
        if (s->info.terminal && s->info.id != but && !s->ending && !session_has_no_room(s))
            session_send(s, json_pack("{s:s%}", "notice", buf_text(&safe), safe.len));
    buf_free(&safe);
}
