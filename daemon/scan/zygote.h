/* The zygote of a configuration generation: a small process that holds everything a worker needs, ready to be
 * copied, and that reads no mail.
 *
 * It makes the workers as children of the supervisor, which so gets their exit status and may time and kill them.
 */
#ifndef SCAN_ZYGOTE_H
#define SCAN_ZYGOTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/scan/generation.h"
#include "engine/base/error.h"

struct zygote {
    pid_t pid; /* 0: none */
    int socket;
};

/* Forks the zygote, lets it judge a message of our own and waits until it is ready. */
bool zygote_start(struct zygote *z, const struct generation *generation, struct error *error);
/* Has a worker made for slot and waits for it (about half a millisecond); socket, its end of a seqpacket pair, stays
 * the caller's.  Returns its process id, or 0: there is no zygote, it cannot fork now, or it did not answer and was
 * stopped. */
pid_t zygote_spawn(struct zygote *z, size_t slot, int socket);
/* Reaps it if it is dead, after which there is none. */
bool zygote_reap(struct zygote *z);
/* Kills and reaps it, if there is one. */
void zygote_stop(struct zygote *z);

#endif
