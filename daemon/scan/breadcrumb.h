/* Where a worker is in its message: text in memory that it shares with the supervisor, one page for each slot.
 *
 * The supervisor makes the pages before the zygote, so that every worker inherits them; a worker gives up all pages
 * but its own.  What stands there after a death is the worker's word: to be copied within bounds, and to be made
 * safe before it is shown.
 */
#ifndef SCAN_BREADCRUMB_H
#define SCAN_BREADCRUMB_H

#include <stddef.h>

enum { BREADCRUMB_BYTES = 4096 };

struct breadcrumbs {
    char *pages; /* count times BREADCRUMB_BYTES */
    size_t count;
};

static inline char *breadcrumb_of(const struct breadcrumbs *crumbs, size_t slot)
{
    return crumbs->pages + slot * BREADCRUMB_BYTES;
}

#endif
