/* The way of a body into the view: transfer decoding, character set, HTML, block by block. */
#include "engine/mime/leaf.h"

#include "engine/mime/charset.h"
#include "engine/mime/html_view.h"
#include "engine/mime/transfer.h"

enum { BLOCK = 8 * 1024, ATTACHMENTS_MOST = 64, TYPE_MOST = 128 };

/* Plain text as it is, with line ends made LF. */
static void put_plain(void *context, struct span utf8)
{
    struct mime_pass *pass = context;
    while (utf8.n) {
        size_t run = span_find(utf8, '\r');
        mime_text_append(&pass->text, span_slice(utf8, 0, run));
        if (run + 1 < utf8.n && utf8.p[run + 1] != '\n')
            mime_text_append(&pass->text, SPAN("\n"));
        utf8 = span_slice(utf8, run + 1, utf8.n);
    }
}

static void put_html(void *context, struct span utf8)
{
    html_view_feed(context, utf8);
}

static void end_line(struct mime_text *text)
{
    if (text->size && text->data[text->size - 1] != '\n')
        mime_text_append(text, SPAN("\n"));
}

/* Decodes body into stream, or only counts when there is none; returns the decoded size. */
static size_t decode(struct mime_pass *pass, enum mime_encoding encoding, struct span body,
                     struct mime_charset_stream *stream)
{
    struct mime_transfer transfer = {.encoding = encoding};
    char out[BLOCK + MIME_TRANSFER_SLACK];
    size_t size = 0;
    while (body.n && !mime_pass_spend(pass, body.n < BLOCK ? body.n : BLOCK)) {
        struct span in = span_slice(body, 0, BLOCK);
        struct span bytes = mime_transfer_decode(&transfer, in, out);
        size += bytes.n;
        if (stream)
            mime_charset_feed(stream, bytes);
        body = span_slice(body, in.n, body.n);
    }
    struct span rest = mime_transfer_finish(&transfer, out);
    size += rest.n;
    if (stream)
        mime_charset_feed(stream, rest);
    if (transfer.broken)
        pass->view->flags |= MIME_BROKEN_ENCODING;
    return size;
}

static size_t take_text(struct mime_pass *pass, const struct mime_entity *entity, struct span body,
                        mime_sink *sink, void *context)
{
    struct mime_charset_stream stream;
    if (!mime_charset_begin(&stream, entity->charset, sink, context))
        pass->view->flags |= MIME_UNKNOWN_CHARSET;
    size_t size = decode(pass, entity->encoding, body, &stream);
    mime_charset_finish(&stream);
    if (stream.nul_seen)
        pass->view->flags |= MIME_NUL_BYTES;
    return size;
}

static void take_plain(struct mime_pass *pass, const struct mime_entity *entity, struct span body)
{
    pass->view->plain_parts++;
    pass->view->plain_bytes += take_text(pass, entity, body, put_plain, pass);
}

static void take_html(struct mime_pass *pass, const struct mime_entity *entity, struct span body)
{
    struct html_view html;
    pass->view->html_parts++;
    html_view_begin(&html, pass);
    pass->view->html_bytes += take_text(pass, entity, body, put_html, &html);
    html_view_finish(&html);
}

static void keep_attachment(struct mime_pass *pass, const struct mime_entity *entity)
{
    struct mime_view *view = pass->view;
    if (view->attachment_count == ATTACHMENTS_MOST)
        return;
    struct span type = arena_dup(pass->arena, span_slice(entity->type, 0, TYPE_MOST));
    for (char *p = (char *)type.p; p < type.p + type.n; p++)
        *p = ascii_lower(*p);
    view->attachments =
        mime_pass_grow(pass, view->attachments, view->attachment_count, sizeof *view->attachments);
    view->attachments[view->attachment_count++] = (struct mime_attachment){entity->name, type};
}

void mime_leaf(struct mime_pass *pass, const struct mime_entity *entity, struct span body)
{
    if (entity->kind == MIME_OTHER || entity->attachment)
        keep_attachment(pass, entity);
    if (entity->kind == MIME_OTHER) {
        pass->view->attachment_bytes += decode(pass, entity->encoding, body, NULL);
        return;
    }
    end_line(&pass->text);
    end_line(&pass->hidden);
    if (entity->kind == MIME_HTML)
        take_html(pass, entity, body);
    else
        take_plain(pass, entity, body);
    mime_pass_find_urls(pass);
}
