/* The bodies that a copy or a moment of queue.db names, read from a spool that may go on to change. */
#ifndef STORES_BODIES_H
#define STORES_BODIES_H

#include "daemon/queue/spool.h"
#include "daemon/stores/database.h"
#include "engine/base/buf.h"

/* A body and the messages that share it. */
struct body_of {
    uint64_t mid; /* the highest of them */
    uint64_t messages;
    struct spool_record record;
};

/* Those that are most likely to end soon come first.  Rows whose numbers cannot be right are left out. */
typedef bool bodies_visit(const struct body_of *body, void *context);
bool bodies_each(sqlite3 *db, bodies_visit *visit, void *context, struct error *error);
/* How many bodies_each() visits, and their bytes. */
bool bodies_count(sqlite3 *db, uint64_t *count, uint64_t *bytes, struct error *error);

struct bodies;

/* folder: of the segments.  path: the queue.db that is written on, to look up what moved; NULL: nothing changes. */
struct bodies *bodies_open(const char *folder, const char *path, struct error *error);
void bodies_close(struct bodies *b);

enum body_outcome {
    BODY_WHOLE,
    BODY_ENDED,   /* no message has it any more */
    BODY_MISSING, /* its segment is not there */
    BODY_DAMAGED, /* not what was written */
    BODY_UNREADABLE,
};

/* Reads a body and checks its SHA-256; its bytes replace what is in bytes (NULL: not wanted).  One that was moved
 * meanwhile is looked for where it is now. */
enum body_outcome bodies_read(struct bodies *b, const struct body_of *body, struct buf *bytes);

#endif
