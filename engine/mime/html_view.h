/* From HTML tokens to what a reader of the mail sees: lines of text, links, and what is hidden from him. */
#ifndef MIME_HTML_VIEW_H
#define MIME_HTML_VIEW_H

#include "engine/mime/html_style.h"
#include "engine/mime/html_token.h"
#include "engine/mime/pass.h"

/* Where text goes, and the white space that is due before the next character. */
struct html_sink {
    struct mime_text *text;
    enum html_gap gap;
};

struct html_view {
    struct mime_pass *pass;
    struct html_tokenizer tokenizer;
    struct html_styles styles;
    struct html_sink seen, hidden, link;
    bool is_hidden;
    bool in_link;
    size_t target_size;
    char target[HTML_VALUE_MOST];
    struct mime_text link_text;
    char link_bytes[256];
};

void html_view_begin(struct html_view *view, struct mime_pass *pass);
void html_view_feed(struct html_view *view, struct span utf8);
void html_view_finish(struct html_view *view);

#endif
