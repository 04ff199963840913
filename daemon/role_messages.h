/* What roles do alike with the messages of their peers. */
#ifndef DAEMON_ROLE_MESSAGES_H
#define DAEMON_ROLE_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/role.h"

/* Who sends it, and what takes it. */
struct role_message {
    enum role_id peer;
    uint16_t type;
    void (*take)(struct wire_reader *in);
};

/* Leaves `in` failed when no row is about such a message. */
void role_message_take(const struct role_message *rows, size_t count, enum role_id peer, uint16_t type,
                       struct wire_reader *in);

struct role_figure {
    const char *name;
    uint64_t value;
};

/* Answers control's MSG_STATUS_QUERY. */
void role_answer_status(struct wire_reader *query, const struct role_figure *rows, size_t count);

#endif
