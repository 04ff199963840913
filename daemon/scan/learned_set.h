/* The examples that generations learn from, as control sent them: only zygotes look into them. */
#ifndef SCAN_LEARNED_SET_H
#define SCAN_LEARNED_SET_H

#include <stdint.h>

#include "engine/base/buf.h"

/* Immutable, counted references; NULL is the empty one. */
struct learned_set;

/* Takes over bytes. */
struct learned_set *learned_set_new(uint32_t count, struct buf *bytes);
struct learned_set *learned_set_ref(struct learned_set *set);
void learned_set_unref(struct learned_set *set);
struct span learned_set_bytes(const struct learned_set *set);
/* Of examples, as it was told. */
uint32_t learned_set_count(const struct learned_set *set);

#endif
