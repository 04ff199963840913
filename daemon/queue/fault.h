/* Why the spool or the store could not do something, as the group commit needs to know it. */
#ifndef QUEUE_FAULT_H
#define QUEUE_FAULT_H

#include <stdbool.h>

#include "engine/base/error.h"

enum fault_kind {
    FAULT_IO,    /* may pass: try again */
    FAULT_SPACE, /* the disk is full: give up the ballast and try again */
    FAULT_BROKEN /* a damaged database or a bug: end the process */
};

struct fault {
    enum fault_kind kind;
    struct error error;
};

enum fault_kind fault_kind_of(int number); /* errno */

/* Both return false, so that one can write: return fault_set(f, ...). */
bool fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The kind and the end of the text come from errno. */
bool fault_set_errno(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
