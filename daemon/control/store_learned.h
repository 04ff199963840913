/* learned.db: the examples that administrators and users have given, and the changes that brought them.
 *
 * An example is retired by the change that forgets or replaces it, or that makes it one too many, and goes for good when
 * that change can no longer be undone.  So undoing a change is exact: its own example goes, and those that it retired are
 * back in their old order.  What administrators said of a message, or released, is changed by none of those who may
 * only tell.  Only control opens the file.
 */
#ifndef CONTROL_STORE_LEARNED_H
#define CONTROL_STORE_LEARNED_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/protocol.h"
#include "engine/base/error.h"
#include "engine/scan/learned.h"

enum { LEARNED_KEY_BYTES = 32, LEARNED_FORMAT = 2 /* of the file */ };

/* Opens or makes the file; a newer format is refused. */
bool store_learned_open(const char *path, struct error *error);
bool store_learned_is_open(void);
void store_learned_close(void);

struct learned_change {
    int64_t id;
    int64_t time; /* wall, microseconds */
    enum lesson_kind kind;
    struct span origin, who;
    bool
        is_told; /* when it is added: by anybody with an account, so its example goes before those of administrators */
    bool can_be_undone;
    /* Of its example, while that counts: */
    bool has_example;
    int32_t log_odds; /* of the model alone, in thousandths */
    bool is_used;     /* it is of this version of the program */
    struct span key;  /* hexadecimal */
};

/* One change, on disk at the return when that is LESSON_DONE.  LESSON_NOTHING: there was nothing to change;
 * LESSON_REFUSED, LESSON_FAILED: the error says why.  example may be NULL when kind is LESSON_FORGET. */
enum lesson_outcome store_learned_add(const struct learned_change *change,
                                      const uint8_t key[LEARNED_KEY_BYTES],
                                      const struct scan_example *example, struct error *error);
/* Undoes the latest changes, `most` of them at most. */
bool store_learned_undo(unsigned most, unsigned *undone, struct error *error);
bool store_learned_reset(struct error *error);

/* Appends all examples of this version by scan_learned_put(). */
bool store_learned_set(struct buf *set, uint32_t *count, struct error *error);
/* Those that count, and those among them that are of another version. */
bool store_learned_count(int64_t *all, int64_t *others, struct error *error);
/* Changes that can be undone or whose example counts, the oldest first; texts are valid during the call. */
bool store_learned_each(void (*visit)(void *context, const struct learned_change *change), void *context,
                        struct error *error);

#endif
