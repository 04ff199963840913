/* config/config.db: blobs by their SHA-256, the manifests of revisions and their labels, which of them is the head and
 * whether it waits for its confirmation, and the audit.
 *
 * What is stored is opaque here but for its hash: a blob that does not match its own is never handed out.  Every
 * error is the environment's (disk, damage); its text says what to do where that can be known.
 */
#ifndef CONTROL_STORE_CONFIG_H
#define CONTROL_STORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { STORE_HASH_BYTES = 32 };

struct store_config;

/* Opens or makes the file; a newer format is refused with advice.  NULL on error. */
struct store_config *store_config_open(const char *path, struct error *error);
/* One moment of an existing file, for reading alone, while another process may write. */
struct store_config *store_config_open_reader(const char *path, struct error *error);
void store_config_close(struct store_config *s);
int store_config_newest_format(void);

bool store_config_begin(struct store_config *s, struct error *error);
/* STORE_CONFIG_UNSURE: the disk failed in the middle of it.  Whether the transaction is there is known only when the
 * file is opened anew. */
enum store_config_outcome { STORE_CONFIG_DONE, STORE_CONFIG_NOT_DONE, STORE_CONFIG_UNSURE };
enum store_config_outcome store_config_commit(struct store_config *s, struct error *error);
void store_config_rollback(struct store_config *s);

void store_config_hash(struct span body, unsigned char hash[STORE_HASH_BYTES]);
/* Does nothing when it is there already. */
bool store_config_put_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct span body, struct error *error);
/* Replaces what is in body. */
bool store_config_get_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct buf *body, struct error *error);

/* Every blob with the hash that it is stored under, which may be wrong and of any length. */
typedef void store_config_blob_visit(struct span hash, struct span body, void *context);
bool store_config_each_blob(struct store_config *s, store_config_blob_visit *visit, void *context,
                            struct error *error);

bool store_config_add_revision(struct store_config *s, uint64_t number, const char *commit_id,
                               struct span manifest, struct error *error);
/* Replaces what is in manifest.  A revision that is not kept (any more) leaves it empty, which is no error. */
bool store_config_get_revision(struct store_config *s, uint64_t number, struct buf *manifest,
                               struct error *error);
bool store_config_find_commit(struct store_config *s, const char *commit_id, struct buf *manifest,
                              struct error *error);
/* Newest first, until visit returns false. */
bool store_config_each_revision(struct store_config *s, bool (*visit)(struct span manifest, void *context),
                                void *context, struct error *error);

/* 0: there is none yet. */
bool store_config_head(struct store_config *s, uint64_t *revision, struct error *error);
/* Of those without a label. */
bool store_config_oldest(struct store_config *s, uint64_t *revision, struct error *error);
/* The first revision from `from` on that is newer than `newer_than` or has a label; 0: none. */
bool store_config_next_kept(struct store_config *s, uint64_t from, uint64_t newer_than, uint64_t *revision,
                            struct error *error);
bool store_config_set_head(struct store_config *s, uint64_t revision, struct error *error);
/* The name under which this machine's level is stored; given once. */
bool store_config_machine(struct store_config *s, struct buf *name, struct error *error);
bool store_config_set_machine(struct store_config *s, const char *name, struct error *error);

/* The head goes back to `base` unless it is accepted in time: by boot_deadline in the boot in which it was committed,
 * which no change of the clock moves, else by deadline. */
struct store_config_confirmation {
    uint64_t revision, base; /* revision 0: none is pending */
    int64_t deadline;        /* wall, microseconds */
    char boot_id[40];
    int64_t boot_deadline; /* clock_boot_us() */
};
bool store_config_get_confirmation(struct store_config *s, struct store_config_confirmation *c,
                                   struct error *error);
bool store_config_set_confirmation(struct store_config *s, const struct store_config_confirmation *c,
                                   struct error *error);
bool store_config_end_confirmation(struct store_config *s, struct error *error);

/* Names of revisions, which are then kept. */
bool store_config_set_label(struct store_config *s, const char *name, uint64_t revision, struct error *error);
bool store_config_drop_label(struct store_config *s, const char *name, struct error *error);
/* 0: there is none. */
bool store_config_find_label(struct store_config *s, const char *name, uint64_t *revision,
                             struct error *error);
bool store_config_each_label(struct store_config *s,
                             void (*visit)(struct span name, uint64_t revision, void *context), void *context,
                             struct error *error);

/* Feature keys that were activated, as lines, with the moment at which they were. */
bool store_config_add_feature_key(struct store_config *s, struct span text, int64_t time,
                                  struct error *error);
bool store_config_each_feature_key(struct store_config *s,
                                   void (*visit)(struct span text, int64_t time, void *context),
                                   void *context, struct error *error);

struct store_config_audit {
    int64_t time; /* wall, microseconds */
    const char *user, *source, *method, *detail;
    int status;
};
/* Keeps the newest hundred thousand. */
bool store_config_audit(struct store_config *s, const struct store_config_audit *record, struct error *error);
/* Sessions that were let in and that ended, newest first, until visit returns false. */
bool store_config_each_session(struct store_config *s,
                               bool (*visit)(const struct store_config_audit *record, void *context),
                               void *context, struct error *error);

/* Moves what the write-ahead log has gathered into the file, when that is much. */
bool store_config_checkpoint(struct store_config *s, struct error *error);
/* Housekeeping.  First names the blobs that are used, at leisure; then, in one transaction of the caller, forgets all
 * revisions but the newest `keep` and those with a label, and drops each blob that was not named since store_config_forget_used(). */
bool store_config_forget_used(struct store_config *s, struct error *error);
bool store_config_use_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct error *error);
bool store_config_prune(struct store_config *s, unsigned keep, struct error *error);
bool store_config_sweep(struct store_config *s, struct error *error);

#endif
