/* A message as it is sent after DATA. */
#include "engine/smtp/data_encoder.h"

void smtp_data_encode(struct smtp_data_encoder *e, struct span piece, struct buf *out)
{
    if (piece.n == 0)
        return;
    if ((!e->started || e->last[1] == '\n') && piece.p[0] == '.')
        buf_append_char(out, '.');
    struct span rest = piece;
    for (;;) {
        size_t stuff = span_find_span(rest, SPAN("\n."));
        if (stuff == rest.n)
            break;
        buf_append_span(out, span_slice(rest, 0, stuff + 2));
        buf_append_char(out, '.');
        rest = span_slice(rest, stuff + 2, rest.n);
    }
    buf_append_span(out, rest);
    e->started = true;
    e->last[0] = piece.n > 1 ? piece.p[piece.n - 2] : e->last[1];
    e->last[1] = piece.p[piece.n - 1];
}

void smtp_data_encode_end(struct smtp_data_encoder *e, struct buf *out)
{
    if (e->started && e->last[1] == '\r')
        buf_append_span(out, SPAN("\n"));
    else if (e->started && (e->last[0] != '\r' || e->last[1] != '\n'))
        buf_append_span(out, SPAN("\r\n"));
    buf_append_span(out, SPAN(".\r\n"));
}
