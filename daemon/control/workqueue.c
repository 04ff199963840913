/* The work queue: a question to the queue. */
#include "daemon/control/workqueue.h"

#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/question.h"
#include "daemon/control/session.h"
#include "daemon/protocol.h"

static struct questions questions = {
    .role = ROLE_QUEUE, .type = MSG_WORKQUEUE, .silent = "the queue did not answer"};

/* Values as MSG_WORKQUEUE has them. */
static const char *const operations[] = {"resume", "pause", "status"};
enum { OPERATIONS = sizeof operations / sizeof operations[0], ONLY_TELL = 2 };

void workqueue_call(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    const char *word = json_string_value(json_object_get(request, "operation"));
    uint8_t operation = 0;
    while (operation < OPERATIONS && strcmp(operations[operation], word) != 0)
        operation++;
    if (operation == OPERATIONS) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the operation is status, pause or resume, not '%s'", word);
        return;
    }
    bool sent = question_ask(&questions, session, span_of((const char *)&operation, sizeof operation));
    if (operation != ONLY_TELL)
        audit_write(info->account.user, info->from, "workqueue", word, sent ? API_DONE : API_FAILED);
}

void workqueue_reply(enum role_id peer, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    bool paused = wire_get_u8(in);
    uint64_t messages = wire_get_u64(in);
    uint64_t session = in->failed || peer != ROLE_QUEUE ? 0 : question_answered(&questions, id);
    if (session)
        session_done(session, json_pack("{s:b,s:I}", "paused", paused, "messages", (json_int_t)messages));
}
