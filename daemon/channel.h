/* A connection between two roles: framed, typed messages over a UNIX stream socket, with descriptors.
 *
 * Sending never blocks: messages are gathered and written in one call at the end of the loop turn.  A message
 * that breaks the framing ends the channel, as the end of the other side does.
 */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <event2/event.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/wire/wire.h"

struct channel;

enum { CHANNEL_MESSAGE_MAX = 8 * 1024 * 1024 };

struct channel_handler {
    /* One message.  fd is -1 or a descriptor that now belongs to the handler. */
    void (*message)(void *context, uint16_t type, struct wire_reader *in, int fd);
    /* Called once, after the last message; the channel is still to be freed.  why is NULL when the other side hung
     * up, else what broke the channel although both sides may be alive; is_ours: the other side has no part in it. */
    void (*closed)(void *context, const char *why, bool is_ours);
    void *context;
};

/* Takes over fd, which must be a non-blocking stream socket of a socketpair. */
struct channel *channel_new(struct event_base *base, int fd, const struct channel_handler *handler);
/* Safe inside the channel's own handler.  Unsent messages are lost. */
void channel_free(struct channel *ch);

/* Queues a message; fd (or -1) is taken over and closed once sent. */
void channel_send(struct channel *ch, uint16_t type, struct span body, int fd);
/* Bytes waiting to be written: for back-pressure. */
size_t channel_backlog(const struct channel *ch);
/* Writes what the socket takes now, without waiting for the end of the loop turn. */
void channel_flush(struct channel *ch);
/* Waits (at most timeout_ms) until everything is written; for the last words before an exit. */
void channel_flush_wait(struct channel *ch, int timeout_ms);
/* Handles every message that has already arrived, until the end of the stream or until nothing more is there. */
void channel_drain(struct channel *ch);

#endif
