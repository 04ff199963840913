/* Reading lines in large pieces. */
#include "shell/reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "shell/interrupt.h"

enum { READ_BYTES = 64 * 1024 };

struct reader reader_of_fd(int fd)
{
    return (struct reader){.fd = fd};
}

struct reader reader_of_text(const char *text)
{
    struct reader r = {.fd = -1};
    buf_append_span(&r.in, span_text(text));
    return r;
}

void reader_close(struct reader *r)
{
    if (r->fd > STDIN_FILENO)
        close(r->fd);
    buf_free(&r->in);
}

/* Reads behind what is there: READ_LINE, or why there will be no more. */
static enum read_result fill(struct reader *r, struct error *error)
{
    if (r->fd < 0)
        return READ_END;
    if (r->used) {
        buf_consume(&r->in, r->used);
        r->used = 0;
    }
    struct pollfd wait = {.fd = r->fd, .events = POLLIN};
    if (poll(&wait, 1, 0) == 0) {
        if (r->before_wait)
            r->before_wait(r->context);
        if (!interrupt_poll(&wait, 1, -1))
            return READ_INTERRUPTED;
    }
    ssize_t got = read(r->fd, buf_reserve(&r->in, READ_BYTES), READ_BYTES);
    if (got < 0) {
        if (interrupt_seen())
            return READ_INTERRUPTED;
        if (errno == EIO) /* the terminal was hung up */
            return READ_END;
        if (errno == EINTR || errno == EAGAIN)
            return READ_LINE;
        error_set_errno(error, "cannot read the input");
        return READ_BROKEN;
    }
    r->in.len += (size_t)got;
    return got ? READ_LINE : READ_END;
}

static bool check_text(struct span text, unsigned line, struct error *error)
{
    for (size_t i = 0; i < text.n;) {
        unsigned char c = (unsigned char)text.p[i];
        size_t length = c && c < 0x80 ? 1 : text_utf8_length(span_slice(text, i, 4));
        if (c == '\0')
            return error_set(error, "line %u holds a NUL byte", line);
        if (length == 0)
            return error_set(error, "line %u is not valid UTF-8 (byte %02x)", line, c);
        i += length;
    }
    return true;
}

/* Takes size bytes and their newline off the buffer. */
static enum read_result take(struct reader *r, size_t size, bool newline, struct span *line,
                             struct error *error)
{
    char *start = r->in.data + r->used;
    r->used += size + newline;
    r->line++;
    if (newline && size && start[size - 1] == '\r')
        size--;
    if (!check_text(span_of(start, size), r->line, error))
        return READ_BAD;
    start[size] = '\0';
    *line = span_of(start, size);
    return READ_LINE;
}

enum read_result reader_next(struct reader *r, struct span *line, struct error *error)
{
    size_t searched = 0;
    for (;;) {
        struct span rest = span_slice(buf_span(&r->in), r->used, r->in.len - r->used);
        size_t end = searched + span_find(span_slice(rest, searched, rest.n - searched), '\n');
        if (end < rest.n && end <= READER_LINE_MAX)
            return take(r, end, true, line, error);
        searched = rest.n;
        if (end > READER_LINE_MAX) {
            error_set(error, "line %u is longer than %d bytes", r->line + 1, READER_LINE_MAX);
            return READ_BROKEN;
        }
        enum read_result more = fill(r, error);
        if (more == READ_END && rest.n) {
            buf_text(&r->in); /* room for the NUL */
            return take(r, rest.n, false, line, error);
        }
        if (more != READ_LINE)
            return more;
    }
}

bool reader_take_byte(struct reader *r, char *byte)
{
    if (r->used == r->in.len)
        return false;
    *byte = r->in.data[r->used++];
    return true;
}
