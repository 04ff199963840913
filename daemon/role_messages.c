/* Tables of messages, and figures for `status`. */
#include "daemon/role_messages.h"

#include "daemon/protocol.h"

void role_message_take(const struct role_message *rows, size_t count, enum role_id peer, uint16_t type,
                       struct wire_reader *in)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].peer == peer && rows[i].type == type) {
            rows[i].take(in);
            return;
        }
    }
    in->failed = true;
}

void role_answer_status(struct wire_reader *query, const struct role_figure *rows, size_t count)
{
    struct buf body = {0};
    wire_put_u32(&body, wire_get_u32(query));
    wire_put_u32(&body, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        wire_put_span(&body, span_text(rows[i].name));
        wire_put_u64(&body, rows[i].value);
    }
    role_send(ROLE_CONTROL, MSG_STATUS_REPLY, buf_span(&body), -1);
    buf_free(&body);
}
