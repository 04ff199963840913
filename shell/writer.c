/* Buffered output without stdio, whose state after an interrupted or failed write is not ours to know. */
#include "shell/writer.h"

#include <errno.h>
#include <unistd.h>

#include "shell/interrupt.h"

enum { WRITE_BYTES = 64 * 1024 };

void writer_put(struct writer *w, struct span text)
{
    if (w->failed)
        return;
    buf_append_span(&w->waiting, text);
    if (w->waiting.len >= WRITE_BYTES)
        writer_flush(w);
}

void writer_flush(struct writer *w)
{
    size_t done = 0;
    while (done < w->waiting.len && !w->failed) {
        ssize_t written = write(w->fd, w->waiting.data + done, w->waiting.len - done);
        if (written >= 0)
            done += (size_t)written;
        else if (errno == EAGAIN) /* somebody else made it so */
            interrupt_poll(&(struct pollfd){.fd = w->fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            w->failed = true;
        if (written < 0 && interrupt_seen())
            break; /* Ctrl-C: nobody wants the rest */
    }
    buf_clear(&w->waiting);
}
