/* Facts from the header of a message while it streams by. */
#include "engine/smtp/header_capture.h"

static void append_value(struct smtp_header_capture *c, struct span piece)
{
    if (!c->field)
        return;
    if (c->field->len == 0)
        while (piece.n && (piece.p[0] == ' ' || piece.p[0] == '\t'))
            piece = span_slice(piece, 1, piece.n);
    buf_append_span(c->field, span_slice(piece, 0, SMTP_CAPTURE_MAX - c->field->len));
}

static bool starts_field(struct smtp_header_capture *c, struct span start, struct span name, bool *seen)
{
    bool first = !*seen && span_starts_nocase(start, name);
    if (first) {
        *seen = true;
        append_value(c, span_slice(start, name.n, start.n));
    }
    return first;
}

/* Looks at the start of a line, once it is long enough to tell. */
static void classify(struct smtp_header_capture *c)
{
    struct span start = {c->start, c->start_length};
    c->classified = true;
    if (start.p[0] == ' ' || start.p[0] == '\t') {
        append_value(c, start);
        return;
    }
    c->field = &c->message_id;
    if (starts_field(c, start, SPAN("Message-ID:"), &c->message_id_seen))
        return;
    c->field = &c->subject;
    if (starts_field(c, start, SPAN("Subject:"), &c->subject_seen))
        return;
    c->field = NULL;
    if (span_starts_nocase(start, SPAN("Received:")))
        c->received_count++;
    if (c->wanted_name.n && span_starts_nocase(start, c->wanted_name) && ++c->wanted_count == c->wanted_nth) {
        c->field = &c->wanted;
        starts_field(c, start, c->wanted_name, &c->wanted_found);
    }
}

static void take_piece(struct smtp_header_capture *c, struct span piece)
{
    if (!c->classified) {
        struct span start = span_slice(piece, 0, (size_t)(SMTP_CAPTURE_START - c->start_length));
        if (start.n)
            memcpy(c->start + c->start_length, start.p, start.n);
        c->start_length += (uint8_t)start.n;
        if (c->start_length < SMTP_CAPTURE_START)
            return;
        classify(c);
        piece = span_slice(piece, start.n, piece.n);
    }
    append_value(c, piece);
}

static void trim_end(struct buf *b)
{
    b->len = span_trim(buf_span(b)).n;
}

static void end_line(struct smtp_header_capture *c)
{
    c->done = c->start_length == 0 || (c->start_length == 1 && c->start[0] == '\r');
    if (!c->done && !c->classified)
        classify(c);
    if (c->field && c->field->len && c->field->data[c->field->len - 1] == '\r')
        c->field->len--;
    if (c->done) {
        trim_end(&c->message_id);
        trim_end(&c->subject);
        trim_end(&c->wanted);
    }
    c->start_length = 0;
    c->classified = false;
}

void smtp_header_capture_feed(struct smtp_header_capture *c, struct span in)
{
    while (in.n && !c->done) {
        size_t feed = span_find(in, '\n');
        take_piece(c, span_slice(in, 0, feed));
        if (feed < in.n)
            end_line(c);
        in = span_slice(in, feed + 1, in.n);
    }
}

void smtp_header_capture_free(struct smtp_header_capture *c)
{
    buf_free(&c->message_id);
    buf_free(&c->subject);
    buf_free(&c->wanted);
    *c = (struct smtp_header_capture){0};
}
