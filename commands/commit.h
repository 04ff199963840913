/* What a session has committed. */
#ifndef COMMANDS_COMMIT_H
#define COMMANDS_COMMIT_H

#include <jansson.h>
#include <stdbool.h>

/* The last commit of this session; revision 0: none. */
struct session_commit {
    json_int_t revision, time; /* µs UTC */
    char *comment;
};
const struct session_commit *commit_last(void);

#endif
