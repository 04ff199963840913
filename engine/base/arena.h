/* Memory that dies together: one arena per message, command or revision.
 *
 * Nothing taken from an arena is freed alone; arena_free or arena_reset ends all of it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "engine/base/span.h"

struct arena;

struct arena *arena_new(void);
/* Everything taken so far is gone; some memory is kept for the next use. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/* Aligned for any type, not cleared. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
/* Cleared. */
void *arena_calloc(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
struct span arena_dup(struct arena *a, struct span s);
char *arena_text(struct arena *a, struct span s);
struct span arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Bytes handed out since the arena was made or reset. */
size_t arena_used(const struct arena *a);

#endif
