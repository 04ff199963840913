/* Which known word somebody meant who typed an unknown one. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "engine/base/span.h"

enum { NEAREST_WORD_MAX = 64 }; /* longer words are near to nothing */

/* Letters to insert, delete, replace or swap with their neighbour to make one of the other, case aside; SIZE_MAX when
 * that is so many that nobody would call them near. */
size_t nearest_distance(struct span typed, struct span known);
/* The nearest of words (ended by NULL), or NULL when none is near. */
const char *nearest_word(struct span typed, const char *const *words);

#endif
