/* Messages between control and queue about mail that is kept: listing it and changing it, a page at a time.
 *
 * The queue keeps nothing between two pages: each request says where it goes on.  So a list costs no memory there, waits
 * for a slow reader by itself, and a change that is cut off has done whole pages and nothing else.
 */
#ifndef DAEMON_PROTOCOL_QUEUE_H
#define DAEMON_PROTOCOL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/wire/wire.h"

enum queue_place { QUEUE_PLACE_QUEUE, QUEUE_PLACE_QUARANTINE, QUEUE_PLACE_ANY, QUEUE_PLACE_COUNT };

/* Which messages, or which of their recipients; texts are compared without regard to case. */
enum queue_match {
    QUEUE_MATCH_ALL,
    QUEUE_MATCH_HOST,          /* the domain of the recipient is the text */
    QUEUE_MATCH_SENDER,        /* the envelope sender is the text */
    QUEUE_MATCH_IN_SENDER,     /* contains the text, as all that follow */
    QUEUE_MATCH_IN_RECIPIENTS, /* one of the recipients */
    QUEUE_MATCH_IN_SUBJECT,    /* known in quarantine only */
    QUEUE_MATCH_IN_ANY,        /* of these three */
    QUEUE_MATCH_COUNT
};

struct queue_query {
    uint32_t id;
    enum queue_place place;
    enum queue_match match;
    struct span text;
    uint64_t from; /* where the page before ended; 0: the first page */
    uint64_t last; /* no MID above it; 0: none above the newest of now, which the answer names */
};

void queue_query_put(struct buf *out, const struct queue_query *q);
/* Leaves what follows in the reader. */
void queue_query_get(struct wire_reader *in, struct queue_query *q);

struct queue_row_recipient {
    uint32_t rid;
    struct span address;
    uint32_t tries;
    int64_t next_try; /* wall time */
};

enum queue_row_state {
    QUEUE_ROW_SCAN,
    QUEUE_ROW_DELIVER,
    QUEUE_ROW_QUARANTINE,
    QUEUE_ROW_HELD,
    QUEUE_ROW_STATES
};

struct queue_row {
    uint64_t mid;
    int64_t time; /* of its arrival, in quarantine of its arrival there */
    enum queue_row_state state;
    bool in_hand; /* is being scanned or delivered */
    uint64_t bytes;
    int32_t score; /* -1: none */
    struct span sender, subject;
    struct span host;                             /* the alternate host it goes to; empty: by the routes */
    const struct queue_row_recipient *recipients; /* those that match */
    uint32_t recipient_count;
};

void queue_row_put(struct buf *out, const struct queue_row *r);
bool queue_row_get(struct wire_reader *in, struct arena *arena, struct queue_row *r);

/* In front of the rows of a page. */
struct queue_rows {
    uint32_t id;
    bool good;      /* otherwise the store could not be read */
    uint64_t next;  /* where the next page starts; 0: that was all */
    uint32_t count; /* of rows, that follow */
};

void queue_rows_put(struct buf *out, const struct queue_rows *r);
/* As all gets of answers: the id has been read, to find out whose answer it is. */
void queue_rows_get(struct wire_reader *in, struct queue_rows *r);

enum queue_change {
    QUEUE_CHANGE_DELETE,
    QUEUE_CHANGE_BOUNCE,
    QUEUE_CHANGE_DELIVER, /* at once: what waits for its next try */
    QUEUE_CHANGE_RELEASE, /* from quarantine: delivered without another scan */
    QUEUE_CHANGE_COUNT
};

/* What one page of a change has done; it is on disk. */
struct queue_changed {
    uint32_t id;
    struct span error;             /* empty: done */
    uint64_t next, last;           /* for the query of the next page; next 0: that was all */
    uint32_t messages, recipients; /* changed */
    uint32_t busy;                 /* messages left alone because scan or smtp has them */
};

void queue_changed_put(struct buf *out, const struct queue_changed *c);
bool queue_changed_get(struct wire_reader *in, struct queue_changed *c);

enum queue_text {
    QUEUE_TEXT_GOOD,
    QUEUE_TEXT_UNKNOWN,
    QUEUE_TEXT_UNREADABLE,
    QUEUE_TEXT_DAMAGED,
    QUEUE_TEXT_COUNT
};

/* What the domains of recipients are sorted by. */
enum host_order { HOST_ACTIVE, HOST_OUT, HOST_DELIVERED, HOST_HARD, HOST_SOFT, HOST_ORDER_COUNT };

enum { HOST_ROWS_MOST = 20, HOST_REPLY_MOST = 200 };

/* What the queue knows of the mail for one domain. */
struct host_row {
    struct span name; /* as in addresses; made of anything */
    uint64_t
        figures[HOST_ORDER_COUNT]; /* recipients that wait, messages that smtp has, recipients delivered, hard
                                         * bounced, soft bounces */
    int64_t failed;                /* wall time of the latest hard bounce; 0: none */
    struct span failure;           /* the reply that it came from, cut to HOST_REPLY_MOST */
};

void host_row_put(struct buf *out, const struct host_row *r);
/* Spans point into the message. */
void host_row_get(struct wire_reader *in, struct host_row *r);

/* What can be suspended: bits. */
enum queue_part { QUEUE_PART_DELIVERY = 1, QUEUE_PART_LISTENERS = 2, QUEUE_PART_ALL = 3 };

#endif
