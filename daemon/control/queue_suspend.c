/* The method `suspend`: stops and starts deliveries and listeners, which the queue remembers. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

static void take_state(struct queue_call *call, struct wire_reader *in, int fd)
{
    (void)fd;
    uint8_t parts = wire_get_u8(in);
    if (!in->failed)
        session_done(call->session, json_pack("{s:b,s:b}", "delivery", (parts & QUEUE_PART_DELIVERY) != 0,
                                              "listeners", (parts & QUEUE_PART_LISTENERS) != 0));
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

void queue_suspend(uint64_t session, json_t *request)
{
    /* As MSG_SUSPEND has them; a part is its bits. */
    static const char *const operations[] = {"resume", "suspend", "status"};
    static const char *const parts[] = {"", "delivery", "listeners"};
    enum { OPERATIONS = sizeof operations / sizeof operations[0], PARTS = sizeof parts / sizeof parts[0] };
    const struct session_info *info = session_info(session);
    const char *word = json_string_value(json_object_get(request, "operation"));
    const char *part = json_string_value(json_object_get(request, "part"));
    uint8_t operation = find_word(operations, OPERATIONS, word);
    uint8_t bits = part ? find_word(parts, PARTS, part) : QUEUE_PART_ALL;
    if (operation == OPERATIONS || (part && bits == PARTS)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the operation is status, suspend or resume, the part delivery or listeners");
        return;
    }
    struct queue_call *call = xcalloc(1, sizeof *call);
    struct buf body = {0};
    queue_call_begin(call, &suspend_type, session);
    wire_put_u32(&body, queue_call_id(call));
    wire_put_u8(&body, bits);
    wire_put_u8(&body, operation);
    wire_put_span(&body, span_text(info->account.user));
    audit_write(info->account.user, info->from, info->method, word, API_DONE);
    queue_call_ask(call, MSG_SUSPEND, &body);
}
