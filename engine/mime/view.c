/* Making the view, and the pieces that the whole pass shares: bounded text, budget, links. */
#include "engine/mime/view.h"

#include "engine/mime/charset.h"
#include "engine/mime/pass.h"
#include "engine/mime/url.h"

enum { HIDDEN_MOST = 4 * 1024, ASK_EVERY = 16 * 1024 };

const struct mime_limits mime_default_limits = {
    .depth = 64,
    .parts = 10000,
    .headers = 10000,
    .header_bytes = 1024 * 1024,
    .text_bytes = 64 * 1024,
    .urls = 256,
};

void mime_text_append(struct mime_text *text, struct span utf8)
{
    size_t room = text->limit - text->size;
    if (text->cut || utf8.n > room) {
        utf8 = mime_utf8_trim(span_slice(utf8, 0, text->cut ? 0 : room));
        text->cut = true;
    }
    if (utf8.n)
        memcpy(text->data + text->size, utf8.p, utf8.n);
    text->size += utf8.n;
}

bool mime_pass_spend(struct mime_pass *pass, size_t bytes)
{
    pass->unasked += bytes;
    if (pass->unasked < ASK_EVERY || pass->stopped)
        return pass->stopped;
    pass->unasked = 0;
    if (pass->budget && pass->budget->expired(pass->budget->context)) {
        pass->stopped = true;
        pass->view->flags |= MIME_LIMIT_BUDGET;
    }
    return pass->stopped;
}

void *mime_pass_grow(struct mime_pass *pass, void *array, size_t count, size_t size)
{
    const size_t first = 16;
    if (count && (count < first || (count & (count - 1))))
        return array;
    void *grown = arena_alloc(pass->arena, (count ? count * 2 : first) * size);
    if (count)
        memcpy(grown, array, count * size);
    return grown;
}

void mime_pass_add_url(struct mime_pass *pass, struct span target, struct span text)
{
    struct mime_view *view = pass->view;
    if (url_text_misleads(text, target))
        view->mismatched_links++;
    if (view->url_count >= pass->limits->urls) {
        view->flags |= MIME_LIMIT_URLS;
        return;
    }
    view->urls = mime_pass_grow(pass, view->urls, view->url_count, sizeof *view->urls);
    view->urls[view->url_count++] =
        (struct mime_url){arena_dup(pass->arena, target), arena_dup(pass->arena, text)};
}

void mime_pass_find_urls(struct mime_pass *pass)
{
    struct span rest = span_of(pass->text.data + pass->linked, pass->text.size - pass->linked), url;
    while (url_next(&rest, &url))
        mime_pass_add_url(pass, url, (struct span){0});
    pass->linked = pass->text.size;
}

static struct mime_text text_new(struct arena *arena, size_t limit)
{
    return (struct mime_text){.data = arena_alloc(arena, limit), .limit = limit};
}

void mime_view_build(struct span message, size_t skip, const struct mime_limits *limits,
                     const struct mime_budget *budget, struct arena *arena, struct mime_view *view)
{
    *view = (struct mime_view){0};
    if (skip > message.n)
        skip = message.n;
    struct mime_pass pass = {
        .message = message,
        .pos = skip,
        .header_begin = skip,
        .limits = limits,
        .budget = budget,
        .arena = arena,
        .view = view,
        .text = text_new(arena, limits->text_bytes),
        .hidden = text_new(arena, HIDDEN_MOST),
    };
    mime_walk(&pass);
    view->text = span_of(pass.text.data, pass.text.size);
    view->hidden = span_of(pass.hidden.data, pass.hidden.size);
    if (pass.text.cut)
        view->flags |= MIME_LIMIT_TEXT;
}

const struct mime_header *mime_view_header(const struct mime_view *view, const char *name)
{
    struct span wanted = span_text(name);
    for (size_t i = 0; i < view->header_count; i++)
        if (span_equal_nocase(view->headers[i].name, wanted))
            return &view->headers[i];
    return NULL;
}
