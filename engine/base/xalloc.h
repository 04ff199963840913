/* Allocation that cannot fail: out of memory ends the process.
 *
 * Ending is safe everywhere in mailward: a message is acknowledged only after it is on disk, and a role that
 * dies is restarted.  So no caller checks for NULL.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* Overflow of count * size ends the process too. */
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
/* A copy of size bytes followed by a NUL. */
char *xmemdup0(const void *bytes, size_t size) __attribute__((malloc, returns_nonnull));

#endif
