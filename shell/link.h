/* The shell's connection to the daemon's control socket: frames out, frames in (doc/control-api.md). */
#ifndef SHELL_LINK_H
#define SHELL_LINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct link;

enum link_result { LINK_FRAME, LINK_INTERRUPTED, LINK_GONE };

/* Connects to dir/run/control.sock and reads the greeting.  NULL when nobody answers, or a daemon of another version.
 * At deadline (clock_mono_us(); 0: none) every wait of this link ends as if the daemon had gone. */
struct link *link_open(const char *dir, int64_t deadline, struct error *error);
/* From the greeting. */
const char *link_hostname(const struct link *l);
/* Queues one object (borrowed), or the bytes of one; link_receive() sends all that is queued. */
void link_queue(struct link *l, const json_t *object);
void link_queue_text(struct link *l, struct span object);
/* Calls waiting once a second while an answer lets itself be waited for; NULL: nobody cares. */
void link_watch(struct link *l, void (*waiting)(void *context), void *context);
/* The next object of the daemon but notices, the caller's.  After LINK_INTERRUPTED both directions can go on where they were. */
enum link_result link_receive(struct link *l, json_t **object);
/* Asks (request borrowed) and waits so long at most: the result of the answer, the caller's, or NULL.  An answer that comes
 * later is dropped. */
json_t *link_ask_briefly(struct link *l, const json_t *request, int milliseconds);
/* Whether the daemon is still there, found without waiting while no answer is due. */
bool link_is_alive(struct link *l);
/* The texts of notices that have come since the last call, the caller's; NULL: none. */
json_t *link_take_notices(struct link *l);
/* Whether the daemon said since the last call that the mode of the session is another one. */
bool link_has_new_mode(const struct link *l);
bool link_take_new_mode(struct link *l);
/* The frame by which the daemon ended the session (borrowed), or NULL. */
const json_t *link_closed(const struct link *l);
/* For poll(): readable when something comes that was not asked for. */
int link_fd(const struct link *l);
void link_close(struct link *l);

#endif
