/* The updates that are installed: packages in the folder updates/, as they were signed.
 *
 * A file is there as a whole or not at all: written under another name, synced, renamed, and the folder synced.  What a
 * package holds is believed only after its signature was checked, at each start anew.
 */
#ifndef CONTROL_UPDATE_FILES_H
#define CONTROL_UPDATE_FILES_H

#include "engine/package/package.h"

/* Reads and verifies what is there; what is not good is logged and left out.  After trusted_keys_start(), before the
 * sandbox. */
void update_files_start(void);

struct update_file {
    struct span file;   /* empty: nothing newer than what came with the program */
    uint64_t version;   /* in use */
    int64_t time;       /* wall, microseconds, of its installation; 0: none */
    const char *unused; /* why a file that is there does not count; "": it does, or there is none */
};

struct update_file update_files_get(enum package_component component);

/* Whether the package is newer than what is there, or with `again` as new; and whether this program reads its format. */
bool update_files_wants(enum package_component component, uint64_t version, uint64_t format, bool again,
                        struct error *error);
/* Puts a verified package in place.  False: what was there is still in use. */
bool update_files_install(enum package_component component, uint64_t version, struct span file,
                          struct error *error);

/* The newest manifest of this key that was accepted: its sequence, 0 for none.  The key is named by the trust store. */
uint64_t update_files_sequence(const char *key);
/* Remembers the verified one, so that an older one of the same key is refused from now on. */
bool update_files_accept(const struct package_list *list, const char *key, struct span file,
                         struct error *error);

/* A small file beside the packages, of which nothing breaks when it is lost; recall appends nothing when there is none. */
void update_files_keep(const char *name, struct span content);
void update_files_recall(const char *name, struct buf *content);

/* When updates were last looked for; 0: never. */
int64_t update_files_attempted(void);
void update_files_attempt(int64_t now);

#endif
