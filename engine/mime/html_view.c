/* Text, links and counts out of HTML tokens. */
#include "engine/mime/html_view.h"

static void widen_gap(struct html_sink *sink, enum html_gap gap)
{
    if (sink->gap < gap)
        sink->gap = gap;
}

/* Size of the white space at the start of s: ASCII, or the no-break space that layouts are padded with. */
static size_t blank_size(struct span s)
{
    if (*s.p == ' ' || (*s.p >= '\t' && *s.p <= '\r'))
        return 1;
    return s.n > 1 && s.p[0] == '\xC2' && s.p[1] == '\xA0' ? 2 : 0;
}

static void put_gap(struct html_sink *sink)
{
    struct mime_text *text = sink->text;
    bool at_start = text->size == 0 || text->data[text->size - 1] == '\n';
    if (sink->gap && !at_start)
        mime_text_append(text, sink->gap == HTML_LINE ? SPAN("\n") : SPAN(" "));
    sink->gap = HTML_NO_GAP;
}

/* Appends with runs of white space made one. */
static void put_text(struct html_sink *sink, struct span utf8)
{
    if (sink->text->cut)
        return;
    while (utf8.n) {
        size_t blank = blank_size(utf8);
        if (blank) {
            widen_gap(sink, HTML_BLANK);
            utf8 = span_slice(utf8, blank, utf8.n);
            continue;
        }
        size_t run = 1;
        while (run < utf8.n && (unsigned char)utf8.p[run] > ' ' && utf8.p[run] != '\xC2')
            run++;
        put_gap(sink);
        mime_text_append(sink->text, span_slice(utf8, 0, run));
        utf8 = span_slice(utf8, run, utf8.n);
    }
}

static void on_text(void *context, struct span utf8)
{
    struct html_view *view = context;
    put_text(view->is_hidden ? &view->hidden : &view->seen, utf8);
    if (view->in_link && !view->is_hidden)
        put_text(&view->link, utf8);
}

static void end_link(struct html_view *view)
{
    if (!view->in_link)
        return;
    view->in_link = false;
    mime_pass_add_url(view->pass, span_of(view->target, view->target_size),
                      span_of(view->link_text.data, view->link_text.size));
    view->pass->linked = view->pass->text.size; /* what was shown as a link is not searched again */
}

static void begin_link(struct html_view *view, struct span target)
{
    mime_pass_find_urls(view->pass);
    view->pass->view->links++;
    view->in_link = true;
    view->target_size = target.n;
    memcpy(view->target, target.p, target.n);
    view->link_text = (struct mime_text){.data = view->link_bytes, .limit = sizeof view->link_bytes};
    view->link = (struct html_sink){.text = &view->link_text};
}

static void add_target(struct html_view *view, const struct html_tag *tag, enum html_attribute attribute)
{
    if (tag->has[attribute])
        mime_pass_add_url(view->pass, span_trim(tag->value[attribute]), (struct span){0});
}

static void act_on_kind(struct html_view *view, const struct html_tag *tag, enum html_kind kind)
{
    struct mime_view *facts = view->pass->view;
    if (kind == HTML_ANCHOR)
        end_link(view);
    if (tag->closing)
        return;
    switch (kind) {
    case HTML_ANCHOR:
        if (tag->has[HTML_HREF])
            begin_link(view, span_trim(tag->value[HTML_HREF]));
        break;
    case HTML_AREA:
        facts->links += tag->has[HTML_HREF];
        add_target(view, tag, HTML_HREF);
        break;
    case HTML_FORM:
        facts->forms++;
        add_target(view, tag, HTML_ACTION);
        break;
    case HTML_IMAGE:
        facts->images++;
        break;
    case HTML_SCRIPT:
        facts->scripts++;
        break;
    case HTML_SHEET:
        html_styles_sheet(&view->styles);
        break;
    case HTML_OTHER:
        break;
    }
}

static void on_tag(void *context, const struct html_tag *tag)
{
    struct html_view *view = context;
    widen_gap(view->is_hidden ? &view->hidden : &view->seen, tag->element->gap);
    widen_gap(&view->link, tag->element->gap);
    act_on_kind(view, tag, tag->element->kind);
    html_styles_tag(&view->styles, tag);
    view->is_hidden = html_styles_hidden(&view->styles);
}

void html_view_begin(struct html_view *view, struct mime_pass *pass)
{
    view->pass = pass;
    view->seen = (struct html_sink){.text = &pass->text};
    view->hidden = (struct html_sink){.text = &pass->hidden};
    view->link = (struct html_sink){.text = &view->link_text};
    view->is_hidden = false;
    view->in_link = false;
    html_styles_begin(&view->styles);
    html_begin(&view->tokenizer, (struct html_handler){on_text, on_tag, view});
}

void html_view_feed(struct html_view *view, struct span utf8)
{
    html_feed(&view->tokenizer, utf8);
}

void html_view_finish(struct html_view *view)
{
    html_finish(&view->tokenizer);
    end_link(view);
}
