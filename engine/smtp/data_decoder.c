/* The data of a message as it arrives.  Works line by line with memchr; only line starts are looked at bytewise. */
#include "engine/smtp/data_decoder.h"

void smtp_data_decoder_init(struct smtp_data_decoder *d, uint64_t size_max, uint64_t line_max)
{
    *d = (struct smtp_data_decoder){.size_max = size_max, .line_max = line_max};
}

static void set_fault(struct smtp_data_decoder *d, enum smtp_answer fault)
{
    if (!d->fault)
        d->fault = fault;
}

static void emit(struct smtp_data_decoder *d, struct span text, struct buf *out)
{
    d->line += text.n;
    d->size += text.n;
    if (d->line > d->line_max)
        set_fault(d, SMTP_ANSWER_TEXT_LINE_TOO_LONG);
    if (d->size > d->size_max)
        set_fault(d, SMTP_ANSWER_TOO_BIG);
    if (!d->fault)
        buf_append_span(out, text);
}

static void end_line(struct smtp_data_decoder *d)
{
    d->line = 0;
    d->state = SMTP_DATA_LINE_START;
}

/* Text up to and with the next line feed, or all of it.  A CR at the end of in is held back: what it is depends
 * on the byte behind it. */
static size_t take_text(struct smtp_data_decoder *d, struct span in, struct buf *out)
{
    size_t feed = span_find(in, '\n');
    bool cr_last = feed > 0 && in.p[feed - 1] == '\r';
    struct span text = span_slice(in, 0, feed - cr_last);
    if (!d->fault && span_find(text, '\r') < text.n)
        set_fault(d, SMTP_ANSWER_BARE_CR);
    if (feed == in.n) {
        emit(d, text, out);
        d->state = cr_last ? SMTP_DATA_TEXT_CR : SMTP_DATA_TEXT;
        return in.n;
    }
    if (!cr_last)
        set_fault(d, SMTP_ANSWER_BARE_LF);
    emit(d, span_slice(in, 0, feed + 1), out);
    if (cr_last)
        end_line(d);
    return feed + 1;
}

/* The first byte behind a line end: a dot may be the end, or stuffing that is dropped. */
static size_t take_line_start(struct smtp_data_decoder *d, char c)
{
    d->state = c == '.' ? SMTP_DATA_DOT : SMTP_DATA_TEXT;
    return c == '.' ? 1 : 0;
}

static size_t take_after_dot(struct smtp_data_decoder *d, char c)
{
    d->state = c == '\r' ? SMTP_DATA_DOT_CR : SMTP_DATA_TEXT;
    return c == '\r' ? 1 : 0;
}

static size_t take_after_dot_cr(struct smtp_data_decoder *d, char c)
{
    if (c == '\n') {
        d->ended = true;
        return 1;
    }
    set_fault(d, SMTP_ANSWER_BARE_CR);
    d->state = SMTP_DATA_TEXT;
    return 0;
}

static size_t take_after_cr(struct smtp_data_decoder *d, char c, struct buf *out)
{
    if (c == '\n') {
        emit(d, SPAN("\r\n"), out);
        end_line(d);
        return 1;
    }
    set_fault(d, SMTP_ANSWER_BARE_CR);
    d->state = SMTP_DATA_TEXT;
    return 0;
}

size_t smtp_data_decode(struct smtp_data_decoder *d, struct span in, struct buf *out)
{
    size_t used = 0;
    while (used < in.n && !d->ended) {
        char c = in.p[used];
        switch (d->state) {
        case SMTP_DATA_LINE_START:
            used += take_line_start(d, c);
            break;
        case SMTP_DATA_DOT:
            used += take_after_dot(d, c);
            break;
        case SMTP_DATA_DOT_CR:
            used += take_after_dot_cr(d, c);
            break;
        case SMTP_DATA_TEXT:
            used += take_text(d, span_slice(in, used, in.n), out);
            break;
        case SMTP_DATA_TEXT_CR:
            used += take_after_cr(d, c, out);
            break;
        }
    }
    return used;
}
