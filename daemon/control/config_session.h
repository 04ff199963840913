/* What a session is about to change: its candidate. */
#ifndef CONTROL_CONFIG_SESSION_H
#define CONTROL_CONFIG_SESSION_H

#include <jansson.h>

#include "engine/config/candidate.h"

/* A list in an answer: as much of it as a frame takes, and the count of all. */
struct told_list {
    json_t *elements; /* NULL: none yet */
    size_t bytes;
    json_int_t count;
    bool full;
};

struct session_config {
    bool begun; /* by the first method that needs it; base and mine are set */
    struct config_candidate candidate;
    struct config_tree
        *pieces; /* candidate.mine with the pieces so far of an edit that goes on; NULL: none */
    struct told_list conflicts; /* of the commit that is being answered */
    bool at_once; /* what is being committed is no candidate: nothing is left of it when it is refused */
    uint64_t rollback_of; /* the revision that candidate.mine was filled with; 0: none, or edited since */
};

/* The candidate, begun when there is none; one without changes is moved to the head. */
struct config_candidate *session_config_use(struct session_config *c);
/* Drops the pieces of an edit that has not ended. */
void session_config_drop_pieces(struct session_config *c);
/* The session ends or clears its changes. */
void session_config_end(struct session_config *c);

#endif
