/* The file of a backup: a tar archive (pax) of these members, in this order.
 *
 *   backup.json                  what it is: format, version, hostname, time
 *   spool/SEGMENT/OFFSET/MID.eml a body, where queue.db says that it is; as many as there are
 *   config/secret.key            where the instance has made one
 *   config/config.db, queue/queue.db
 *   config/learned.db            where there is one
 *   manifest.json                counts, the SHA-256 of these, and the bodies that could not be read
 *
 * The SHA-256 of the bodies are in queue.db.  doc/backup.md tells it to administrators.
 */
#ifndef STORES_BACKUP_FILE_H
#define STORES_BACKUP_FILE_H

#include <jansson.h>

#include "daemon/queue/spool.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { BACKUP_FORMAT = 3 }; /* 1: without the key; 2: without what was learned */

/* Of learned.db, whose examples are bounded: what is larger is none of ours. */
enum { BACKUP_LEARNED_MOST = 64 * 1024 * 1024 };

#define BACKUP_HEAD "backup.json"
#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_SECRET_KEY "config/secret.key"

struct backup_head {
    int format;
    char version[64], hostname[256];
    int64_t time; /* wall, microseconds */
};

void backup_head_put(struct buf *out, const struct backup_head *head);
/* A newer format is refused with advice. */
bool backup_head_get(struct span text, struct backup_head *head, struct error *error);

struct backup_manifest {
    uint64_t messages, bodies;
    char config_sha256[65], queue_sha256[65];
    char key_sha256[65], learned_sha256[65]; /* "": there is none */
    json_t *damaged;                         /* names of the members that are missing; a reference */
};

void backup_manifest_put(struct buf *out, const struct backup_manifest *m);
/* On true the caller gives back m->damaged. */
bool backup_manifest_get(struct span text, struct backup_manifest *m, struct error *error);

/* The name of a body's member; and the place and MID in such a name, false when it is none. */
void backup_body_name(struct buf *out, uint64_t mid, const struct spool_record *record);
bool backup_body_place(const char *name, uint64_t *mid, struct spool_record *record);

#endif
