/* The method `queue.read`: the header and the first part of a message, made safe to show. */
#define _GNU_SOURCE /* pread */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

enum { SHOWN_BYTES = 20 * 1024 };

struct reading {
    struct queue_call call;
    json_int_t mid;
};

/* A tab does no harm: folded headers begin with one. */
static void put_line(struct buf *out, struct span line)
{
    for (;;) {
        size_t tab = span_find(line, '\t');
        text_from_wire(out, span_slice(line, 0, tab), tab);
        if (tab == line.n)
            return;
        buf_append_char(out, '\t');
        line = span_slice(line, tab + 1, line.n);
    }
}

/* Lines of text, each made safe. */
static void put_lines(struct buf *out, struct span text)
{
    while (text.n) {
        size_t end = span_find(text, '\n');
        struct span line = span_slice(text, 0, end);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        put_line(out, line);
        buf_append_char(out, '\n');
        text = span_slice(text, end + 1, text.n);
    }
}

/* A sealed memfd: nothing changes under the reader. */
static void show(struct reading *r, int fd)
{
    struct buf bytes = {0}, text = {0};
    ssize_t got = pread(fd, buf_reserve(&bytes, SHOWN_BYTES + 1), SHOWN_BYTES + 1, 0);
    bytes.len = got > 0 ? (size_t)got : 0;
    bool cut = bytes.len > SHOWN_BYTES;
    put_lines(&text, span_slice(buf_span(&bytes), 0, SHOWN_BYTES));
    session_text(r->call.session, buf_span(&text));
    session_done(r->call.session, json_pack("{s:I,s:b}", "mid", r->mid, "cut", (int)cut));
    buf_free(&bytes);
    buf_free(&text);
}

bool queue_text_get(const struct queue_call *call, json_int_t mid, struct wire_reader *in, int fd,
                    struct queue_text_envelope *envelope)
{
    static const char *const troubles[QUEUE_TEXT_COUNT] = {
        [QUEUE_TEXT_UNREADABLE] = "the queue cannot read it now",
        [QUEUE_TEXT_DAMAGED] = "it is damaged in the spool",
    };
    uint8_t result = wire_get_u8(in);
    envelope->sender = wire_get_span(in);
    envelope->time = wire_get_i64(in);
    in->failed |= result >= QUEUE_TEXT_COUNT || (result == QUEUE_TEXT_GOOD) != (fd >= 0);
    if (!in->failed && result == QUEUE_TEXT_GOOD)
        return true;
    if (!in->failed && result == QUEUE_TEXT_UNKNOWN)
        session_fail(call->session, API_ERROR_NOT_FOUND, "MID %" JSON_INTEGER_FORMAT, mid);
    else
        session_fail(call->session, API_ERROR_FAILED, "MID %" JSON_INTEGER_FORMAT ": %s", mid,
                     in->failed ? "the queue gave no sensible answer" : troubles[result]);
    return false;
}

static void take_text(struct queue_call *call, struct wire_reader *in, int fd)
{
    struct reading *r = (struct reading *)call;
    struct queue_text_envelope envelope;
    if (queue_text_get(call, r->mid, in, fd, &envelope))
        show(r, fd);
    if (fd >= 0)
        close(fd);
    queue_call_end(call);
}

static const struct queue_call_type reading_type = {take_text, NULL, NULL, NULL};

void queue_read(uint64_t session, json_t *request)
{
    struct reading *r = xcalloc(1, sizeof *r);
    struct buf body = {0};
    r->mid = json_integer_value(json_object_get(request, "mid"));
    queue_call_begin(&r->call, &reading_type, session);
    wire_put_u32(&body, queue_call_id(&r->call));
    wire_put_u64(&body, (uint64_t)r->mid);
    queue_call_ask(&r->call, MSG_QUEUE_READ, &body);
}
