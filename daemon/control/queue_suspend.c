/* The method `suspend`: stops and starts deliveries and listeners, which the queue remembers. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

static void take_state(struct queue_call *call, struct wire_reader *in, int fd)
{
    (void)fd;
    uint8_t parts = wire_get_u8(in);
    json_t *names = json_array();
    for (uint32_t count = wire_get_count(in, sizeof(uint32_t)); count > 0; count--)
        json_array_append_new(names, queue_text_json(wire_get_span(in)));
    if (in->failed)
        json_decref(names);
    else
        session_done(call->session,
                     json_pack("{s:b,s:b,s:o}", "delivery", (parts & QUEUE_PART_DELIVERY) != 0, "listeners",
                               (parts & QUEUE_PART_LISTENERS) != 0, "suspended_listeners", names));
    queue_call_end(call);
}

static void tell_silence(struct queue_call *call)
{
    session_fail(call->session, API_ERROR_UNKNOWN_OUTCOME, "the queue did not answer");
}

static const struct queue_call_type suspend_type = {take_state, NULL, tell_silence, NULL};

/* The index of word, or count. */
static uint8_t find_word(const char *const *words, uint8_t count, const char *word)
{
    uint8_t i = 0;
    while (i < count && strcmp(words[i], word) != 0)
        i++;
    return i;
}

static const struct config_table *all_listeners(void)
{
    return config_resolve(head_tree(), head_place(), SCHEMA_LISTENERS, NULL);
}

/* Of the running configuration; false after the session was told. */
static bool check_names(uint64_t session, const json_t *names)
{
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
    {
        struct span text = span_of(json_string_value(name), json_string_length(name));
        if (!config_table_find(all_listeners(), text)) {
            session_fail(session, API_ERROR_NOT_FOUND, "listener '%.*s'", (int)text.n, text.n ? text.p : "");
            return false;
        }
    }
    return true;
}

static bool is_named(const json_t *names, struct span name)
{
    size_t i;
    const json_t *text;
    json_array_foreach(
        names, i,
        text) if (span_equal(span_of(json_string_value(text), json_string_length(text)), name)) return true;
    return false;
}

/* The listeners that are named, or those that are not. */
static void put_listeners(struct buf *out, const json_t *names, bool named)
{
    struct buf list = {0};
    uint32_t count = 0;
    struct config_cursor c = config_table_start(all_listeners());
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        if (is_named(names, schema_row_key(row)) == named) {
            wire_put_span(&list, schema_row_key(row));
            count++;
        }
    }
    wire_put_u32(out, count);
    buf_append_span(out, buf_span(&list));
    buf_free(&list);
}

void queue_suspend(uint64_t session, json_t *request)
{
    /* As MSG_SUSPEND has them; a part is its bits. */
    static const char *const operations[] = {"resume", "suspend", "status"};
    static const char *const parts[] = {"", "delivery", "listeners"};
    enum { OPERATIONS = sizeof operations / sizeof operations[0], PARTS = sizeof parts / sizeof parts[0] };
    const struct session_info *info = session_info(session);
    const char *word = json_string_value(json_object_get(request, "operation"));
    const char *part = json_string_value(json_object_get(request, "part"));
    const json_t *names = json_object_get(request, "names");
    uint8_t operation = find_word(operations, OPERATIONS, word);
    uint8_t bits = part ? find_word(parts, PARTS, part) : QUEUE_PART_ALL;
    if (operation == OPERATIONS || (part && bits == PARTS) || (names && bits != QUEUE_PART_LISTENERS)) {
        session_fail(
            session, API_ERROR_INVALID_ARGUMENTS,
            "the operation is status, suspend or resume, the part delivery or listeners, and names are "
            "those of listeners");
        return;
    }
    if (!check_names(session, names))
        return;
    struct queue_call *call = xcalloc(1, sizeof *call);
    struct buf body = {0};
    queue_call_begin(call, &suspend_type, session);
    wire_put_u32(&body, queue_call_id(call));
    wire_put_u8(&body, bits);
    wire_put_u8(&body, operation);
    wire_put_span(&body, span_text(info->account.user));
    put_listeners(&body, names, true);
    put_listeners(&body, names, false);
    audit_write(info->account.user, info->from, info->method, word, API_DONE);
    queue_call_ask(call, MSG_SUSPEND, &body);
}
