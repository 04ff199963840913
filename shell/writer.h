/* Standard output: collected, written in large pieces; a write that fails is remembered. */
#ifndef SHELL_WRITER_H
#define SHELL_WRITER_H

#include <stdbool.h>

#include "engine/base/buf.h"

struct writer {
    int fd;
    struct buf waiting;
    bool failed; /* nothing more is written: the reader is gone or the disk is full */
};

void writer_put(struct writer *w, struct span text);
void writer_flush(struct writer *w);

#endif
