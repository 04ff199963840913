/* Questions of sessions to another role, each answered once: by the role, or by us when it does not answer in time. */
#ifndef CONTROL_QUESTION_H
#define CONTROL_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/role.h"

struct question;

/* Those of one kind; static. */
struct questions {
    enum role_id role;
    uint16_t type;      /* of the message: u32 id, then what the kind says */
    const char *silent; /* told when no answer comes */
    struct question *first;
    uint32_t last_id;
};

/* Sends the question; rest is what stands behind the id.  False when the role is away: the session is told at once. */
bool question_ask(struct questions *kind, uint64_t session, struct span rest);
/* The session that waits for the answer with this id, whose question ends; 0: nobody waits any more. */
uint64_t question_answered(struct questions *kind, uint32_t id);

#endif
