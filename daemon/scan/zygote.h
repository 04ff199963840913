/* The zygote of a configuration generation: a small process that holds everything a worker needs, ready to be
 * copied, and that reads no mail.
 *
 * It makes the workers as children of the supervisor, which so gets their exit status and may time and kill them.
 */
#ifndef SCAN_ZYGOTE_H
#define SCAN_ZYGOTE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/scan/worker_config.h"
#include "engine/base/error.h"

struct zygote {
    pid_t pid; /* 0: none */
    int socket;
    bool ready;             /* it can make workers */
    int64_t since;          /* monotonic time of its start */
    struct event *readable; /* until it is ready */
};

/* Forks the zygote, which judges a message of our own to warm up.  on_readable gets context when it has said
 * something, or is gone: then comes zygote_listen().  config must outlive it. */
bool zygote_start(struct zygote *z, const struct worker_config *config, struct event_base *base,
                  event_callback_fn on_readable, void *context, struct error *error);
/* Hears whether it is ready.  False, with the reason in error, when it never will be; there is none then.  True when it
 * is, or has not said anything yet. */
bool zygote_listen(struct zygote *z, struct error *error);
/* Has a worker made for slot and waits for it (about half a millisecond); socket, its end of a seqpacket pair, stays
 * the caller's.  Returns its process id, or 0: it is not ready, it cannot fork now, or it did not answer and was
 * stopped. */
pid_t zygote_spawn(struct zygote *z, size_t slot, int socket);
/* Reaps it if it is dead, after which there is none. */
bool zygote_reap(struct zygote *z);
/* Kills and reaps it, if there is one. */
void zygote_stop(struct zygote *z);

#endif
