/* Numbers of messages and connections.  The next block is asked for when half of the present one is used, so that
 * nobody waits for it; numbers of a block that is lost with the process are never used. */
#include "daemon/smtp/ids.h"

#include "daemon/role.h"

struct block {
    uint64_t next, left;
};

static struct supply {
    struct block now, spare;
    uint64_t low; /* of `now`: time to ask */
    bool asked;
} supplies[ID_KIND_COUNT];

static void ask_if_short(enum id_kind kind)
{
    struct supply *s = &supplies[kind];
    if (s->asked || s->spare.left > 0 || s->now.left > s->low)
        return;
    char body = (char)kind;
    s->asked = role_send(ROLE_QUEUE, MSG_ID_REQUEST, span_of(&body, 1), -1);
}

bool ids_take(enum id_kind kind, uint64_t *id)
{
    struct supply *s = &supplies[kind];
    if (s->now.left == 0) {
        s->now = s->spare;
        s->spare = (struct block){0};
        s->low = s->now.left / 2;
    }
    bool taken = s->now.left > 0;
    if (taken) {
        *id = s->now.next++;
        s->now.left--;
    }
    ask_if_short(kind);
    return taken;
}

void ids_add_block(enum id_kind kind, uint64_t first, uint32_t count)
{
    struct supply *s = &supplies[kind];
    s->asked = false;
    if (s->spare.left == 0)
        s->spare = (struct block){first, count};
}

void ids_ask_queue(void)
{
    for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
        supplies[kind].asked = false;
        ask_if_short((enum id_kind)kind);
    }
}
