/* Allocation that cannot fail; see xalloc.h for why ending the process is right. */
#include "engine/base/xalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void *xmalloc(size_t size)
{
    return must(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        abort();
    size_t total = count * size;
    return must(realloc(old, total ? total : 1));
}

char *xstrdup(const char *text)
{
    return xmemdup0(text, strlen(text));
}

char *xmemdup0(const void *bytes, size_t size)
{
    char *copy = xmalloc(size + 1);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}
