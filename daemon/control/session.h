/* One shell at the control socket: frames in, answers out, who is at the other end. */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include <event2/event.h>
#include <jansson.h>
#include <sys/types.h>

#include "engine/base/span.h"
#include "engine/wire/api.h"

struct session;

/* Takes over fd, asks the kernel who connected (SO_PEERCRED) and greets.  Refuses by a last answer and closes
 * when that account may not use this instance. */
void session_open(int fd);

/* The answer to the request in hand: text any number of times, then one end.  All are safe after the shell has
 * gone: sessions are named by number. */
void session_text(uint64_t session, struct span text);
/* True when the shell is behind in reading: whoever can stop adding text does so until `resume`. */
bool session_is_full(uint64_t session);
/* What goes on behind the request in hand until its end: told when there is room again, and when the shell has
 * gone.  Forgotten at the end. */
struct session_work {
    void (*resume)(void *context);
    void (*cancel)(void *context);
    void *context;
};
void session_begin_work(uint64_t session, const struct session_work *work);
/* result may be NULL; it is taken over.  error may be NULL. */
void session_end(uint64_t session, enum api_status status, const char *error, json_t *result);

uint64_t session_id(const struct session *s);

#endif
