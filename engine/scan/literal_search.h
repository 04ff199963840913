/* Finds many literals in one pass over a text, case of ASCII letters aside and a run of white space taken as one blank
 * (Aho and Corasick, 1975).
 *
 * Built once, then only read.  The transitions are a full table, so a byte of text costs one look-up whatever the
 * text and the literals are.
 */
#ifndef SCAN_LITERAL_SEARCH_H
#define SCAN_LITERAL_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/span.h"

struct literal_search;

/* literals[i] has the number i; none is empty or holds two blanks side by side. */
struct literal_search *literal_search_new(const struct span *literals, size_t count);
void literal_search_free(struct literal_search *search);

/* Calls found with the number of each literal and the offset behind it, for every place in text; behind each of a run of
 * blanks for one that ends with a blank.  False from found ends the search. */
typedef bool literal_search_found(void *context, uint32_t literal, size_t end);
void literal_search_run(const struct literal_search *search, struct span text, literal_search_found *found,
                        void *context);

#endif
