/* The mboxrd form. */
#define _GNU_SOURCE /* gmtime_r */
#include "engine/relay/mbox.h"

#include <time.h>

static const struct span from = {"From ", 5};

void mbox_put_from(struct buf *out, struct span sender, int64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm tm;
    char when[32];
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%a %b %e %H:%M:%S %Y", &tm); /* as asctime() has it; the locale is C */
    buf_append_span(out, from);
    for (size_t i = 0; i < sender.n; i++) /* readers take the first blank for the end of the sender */
        buf_append_char(out, sender.p[i] == ' ' ? '_' : sender.p[i]);
    if (sender.n == 0)
        buf_append_span(out, SPAN("MAILER-DAEMON"));
    buf_printf(out, " %s\n", when);
}

/* Takes what it knows of the begin of a line; the rest of the line is text. */
static struct span put_begin(struct mbox *m, struct span piece, struct buf *out)
{
    while (piece.n && m->at != MBOX_TEXT) {
        char c = piece.p[0];
        if (c == from.p[m->matched]) {
            m->matched++;
        } else if (c == '>' && m->matched == 0) {
            buf_append_char(out, c);
            m->at = MBOX_QUOTES;
        } else {
            m->at = MBOX_TEXT;
            break;
        }
        if (m->matched == from.n) {
            buf_append_char(out, '>');
            m->at = MBOX_TEXT;
        }
        piece = span_slice(piece, 1, piece.n);
    }
    if (m->at == MBOX_TEXT) {
        buf_append_span(out, span_slice(from, 0, m->matched));
        m->matched = 0;
    }
    return piece;
}

/* To the end of the line or of the piece. */
static struct span put_text(struct mbox *m, struct span piece, struct buf *out)
{
    size_t end = span_find(piece, '\n');
    struct span text = span_slice(piece, 0, end);
    bool ended = end < piece.n;
    if (m->cr && (text.n || !ended))
        buf_append_char(out, '\r');
    m->cr = text.n && text.p[text.n - 1] == '\r';
    text.n -= m->cr;
    buf_append_span(out, text);
    if (ended) {
        buf_append_char(out, '\n');
        *m = (struct mbox){0};
    }
    return span_slice(piece, end + 1, piece.n);
}

void mbox_put(struct mbox *m, struct span piece, struct buf *out)
{
    while (piece.n) {
        if (m->at != MBOX_TEXT)
            piece = put_begin(m, piece, out);
        if (piece.n)
            piece = put_text(m, piece, out);
    }
}

void mbox_put_end(struct mbox *m, struct buf *out)
{
    bool within = m->at != MBOX_LINE_BEGIN || m->matched;
    buf_append_span(out, span_slice(from, 0, m->matched));
    if (m->cr)
        buf_append_char(out, '\r');
    if (within)
        buf_append_char(out, '\n');
    buf_append_char(out, '\n');
    *m = (struct mbox){0};
}
