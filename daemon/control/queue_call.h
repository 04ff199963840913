/* Requests about mail in the queue: one question to the queue after the other until the answer is whole.
 *
 * A call belongs to a session and waits for one reply at a time; it ends with the session told, when the queue is silent
 * too long, and when the shell wants no more.
 */
#ifndef CONTROL_QUEUE_CALL_H
#define CONTROL_QUEUE_CALL_H

#include <event2/event.h>
#include <jansson.h>

#include "daemon/protocol.h"
#include "daemon/protocol_queue.h"
#include "daemon/role.h"

struct queue_call;

struct queue_call_type {
    /* The reply to the latest question; the reader is behind the id. */
    void (*reply)(struct queue_call *call, struct wire_reader *in, int fd);
    /* The shell has room again: only after a reply that was not followed by a question. */
    void (*resume)(struct queue_call *call);
    /* Says, when the queue did not answer, what is known of the outcome.  NULL: nothing was changed. */
    void (*silent)(struct queue_call *call);
    /* Frees what the call has beside the struct. */
    void (*end)(struct queue_call *call);
};

/* The first member of every call; allocated by xcalloc(). */
struct queue_call {
    const struct queue_call_type *type;
    uint64_t session;
    uint32_t id; /* of the question that is open; 0: none */
    struct event *timer;
    struct queue_call *next;
};

/* The request in hand goes on as this call. */
void queue_call_begin(struct queue_call *call, const struct queue_call_type *type, uint64_t session);
/* A new number for the next question. */
uint32_t queue_call_id(struct queue_call *call);
void queue_call_ask(struct queue_call *call, uint16_t type, struct buf *body); /* frees body */
/* The session has been told: frees call. */
void queue_call_end(struct queue_call *call);

/* MSG_QUEUE_ROWS, MSG_QUEUE_CHANGED, MSG_QUEUE_TEXT, MSG_SUSPEND_REPLY; takes over fd. */
void queue_call_reply(struct wire_reader *in, int fd);

/* Fills in place, match and text from a request; false after the session was told. */
bool queue_query_read(uint64_t session, const json_t *request, struct queue_query *query);
/* A string for JSON of bytes from the wire. */
json_t *queue_text_json(struct span wire);

/* MSG_QUEUE_TEXT without its descriptor. */
struct queue_text_envelope {
    struct span sender;
    int64_t time; /* wall, microseconds */
};
/* Whether it brought the message; the session was told otherwise. */
bool queue_text_get(const struct queue_call *call, json_int_t mid, struct wire_reader *in, int fd,
                    struct queue_text_envelope *envelope);

/* The methods. */
void queue_hosts(uint64_t session, json_t *request);
void queue_list(uint64_t session, json_t *request);
void queue_change(uint64_t session, json_t *request);
void queue_read(uint64_t session, json_t *request);
void queue_archive(uint64_t session, json_t *request);
void queue_suspend(uint64_t session, json_t *request);
void quarantine_list(uint64_t session, json_t *request);
void quarantine_change(uint64_t session, json_t *request);

#endif
