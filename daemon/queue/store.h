/* queue.db: what the queue knows of every message and recipient, and the outbox of final events.
 *
 * One connection reads and writes, synchronous=FULL in WAL mode; whatever is written between store_begin() and a
 * good store_commit() is on disk or not there at all.  All functions that can fail return false and say why.
 */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include "daemon/protocol.h"
#include "daemon/queue/fault.h"
#include "daemon/queue/message.h"
#include "engine/base/buf.h"

struct store;

/* Kinds of ids: those of enum id_kind and the queue's own.  Stored: numbers never change. */
enum { STORE_ID_RCID = ID_KIND_COUNT, STORE_ID_FINAL, STORE_ID_COUNT };

/* Makes the database, or migrates an older one; one of a newer format is refused. */
struct store *store_open(const char *path, struct fault *f);
void store_close(struct store *s);
/* Of the format that this version writes: what is above is unknown to it. */
int store_newest_format(void);

bool store_begin(struct store *s, struct fault *f);
bool store_commit(struct store *s, struct fault *f);
/* Safe when no transaction is open; ids taken since store_begin() are handed out again, and counts go back. */
void store_rollback(struct store *s);
/* Rows by kind, counted once and then kept. */
struct store_counts {
    uint64_t messages, quarantined, held, outbox;
    uint64_t quarantined_messages;
    uint64_t quarantine_bytes; /* of the bodies, not of rows */
};
const struct store_counts *store_counts(const struct store *s);
/* Pages in the write-ahead log since the last checkpoint. */
int store_log_pages(const struct store *s);
/* Moves the log into the database.  A failure does no harm but that the log grows: the next try does it all. */
bool store_checkpoint(struct store *s, struct fault *f);

/* Inside a transaction: count ids that nobody else ever gets. */
bool store_reserve_ids(struct store *s, int kind, uint32_t count, uint64_t *first, struct fault *f);
/* The same for one id of the queue's own use, from blocks, so that it costs next to nothing. */
bool store_take_id(struct store *s, int kind, uint64_t *id, struct fault *f);

/* Whether nothing is to be given to scan. */
bool store_set_paused(struct store *s, bool paused, struct fault *f);
bool store_is_paused(struct store *s, bool *paused, struct fault *f);

struct name_set {
    struct buf names; /* a row of spans */
    uint32_t count;
};

/* What takes or gives no mail, as the administrator wants it. */
struct suspension {
    uint8_t parts;             /* bits of enum queue_part */
    struct name_set listeners; /* by name; empty when all are suspended */
};
bool store_set_suspended(struct store *s, const struct suspension *suspended, struct fault *f);
/* suspended is zeroed before. */
bool store_get_suspended(struct store *s, struct suspension *suspended, struct fault *f);

/* Messages and their recipients: store_message.c */

bool store_add_message(struct store *s, const struct message *m, struct fault *f);
/* After a split: these recipients go on under another MID. */
bool store_remove_recipient(struct store *s, uint64_t mid, uint32_t rid, struct fault *f);
/* The message and all its recipients. */
bool store_remove_message(struct store *s, uint64_t mid, struct fault *f);
/* The verdict of m->revision on m, which goes on. */
bool store_set_verdict(struct store *s, const struct message *m, const struct judge_child *judged,
                       struct span edits, struct fault *f);
bool store_set_state(struct store *s, uint64_t mid, enum recipient_state state, struct fault *f);
bool store_set_scan_tries(struct store *s, uint64_t mid, uint32_t tries, struct fault *f);
bool store_set_attempt(struct store *s, uint64_t mid, uint32_t attempt, struct fault *f);
/* Its tries, next_try and delay_told. */
bool store_defer_recipient(struct store *s, uint64_t mid, const struct recipient *r, struct span reply,
                           struct fault *f);

/* All recipients of m are quarantined from this wall time on. */
bool store_quarantine(struct store *s, const struct message *m, int64_t since, struct span subject,
                      struct fault *f);
/* The end of a message that is quarantined or held (m->state) and so not in memory. */
bool store_remove_kept(struct store *s, const struct message *m, struct fault *f);
/* The end of one recipient of a message that is held. */
bool store_remove_held(struct store *s, uint64_t mid, uint32_t rid, struct fault *f);
/* The recipient is due at once. */
bool store_try_now(struct store *s, uint64_t mid, uint32_t rid, struct fault *f);

/* The highest MID in the store; 0: it is empty. */
bool store_newest(struct store *s, uint64_t *mid, struct fault *f);
/* What only the store knows of a message. */
struct store_kept {
    int64_t since;       /* in quarantine; 0: it is not there */
    struct span subject; /* header_subject(), of a quarantined one */
    int32_t score;       /* -1: none */
};
/* One message of a page, in any state; false ends the page behind it. */
typedef bool store_page_visit(void *context, const struct message *m, const struct store_kept *kept);
/* The messages after and up to these MIDs, ascending, at most limit. */
bool store_page(struct store *s, uint64_t after, uint64_t last, uint32_t limit, store_page_visit *visit,
                void *context, struct fault *f);
/* The quarantined messages below this MID, descending, at most limit. */
bool store_quarantine_page(struct store *s, uint64_t below, uint32_t limit, store_page_visit *visit,
                           void *context, struct fault *f);

/* Quarantined messages, those that came there first, at most limit. */
struct store_oldest {
    uint64_t mid, bytes;
    int64_t since;
};
typedef void store_oldest_visit(void *context, const struct store_oldest *oldest);
bool store_each_oldest(struct store *s, uint32_t limit, store_oldest_visit *visit, void *context,
                       struct fault *f);

/* Calls visit for each message with recipients in state SCAN or DELIVER, by MID; m and its text are valid during the call. */
typedef void store_message_visit(void *context, const struct message *m);
bool store_load(struct store *s, store_message_visit *visit, void *context, struct fault *f);

/* One body of a message in the spool: for the live counts at start, and for moving. */
typedef void store_body_visit(void *context, uint64_t mid, const struct spool_record *body);
bool store_each_body(struct store *s, store_body_visit *visit, void *context, struct fault *f);
/* Those of one segment, by offset, at most limit. */
bool store_segment_bodies(struct store *s, uint32_t segment, uint32_t limit, store_body_visit *visit,
                          void *context, struct fault *f);
bool store_move_body(struct store *s, uint64_t mid, const struct spool_record *to, struct fault *f);

/* Was this MID ever accepted?  Certain until the end of the message is forgotten. */
bool store_knows(struct store *s, uint64_t mid, bool *known, struct fault *f);
/* Remembers the MID of a message that ends, at this wall time. */
bool store_remember(struct store *s, uint64_t mid, int64_t ended, struct fault *f);
/* Forgets messages that ended before this wall time, at most ten thousand. */
bool store_forget(struct store *s, int64_t ended, struct fault *f);

/* The outbox: store_outbox.c */

enum { STORE_VERSIONS_MOST = 10000 };
/* The number of this text ("NAME VERSION, ...") in the store, where messages and events have it by that: 0 for an empty
 * one.  The latest STORE_VERSIONS_MOST are kept. */
bool store_find_versions(struct store *s, struct span text, uint32_t *id, struct fault *f);
/* Assigns e->sequence.  versions: as in struct message; e->versions is not looked at. */
bool store_add_final(struct store *s, struct final_event *e, uint32_t versions, struct fault *f);
typedef void store_final_visit(void *context, const struct final_event *e);
/* Calls visit for at most limit events after this sequence, in order. */
bool store_each_final(struct store *s, uint64_t after, uint32_t limit, store_final_visit *visit,
                      void *context, struct fault *f);
/* Removes the events up to this sequence. */
bool store_remove_finals(struct store *s, uint64_t sequence, struct fault *f);

#endif
