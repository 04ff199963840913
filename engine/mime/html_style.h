/* Which text of HTML mail nobody sees: inline styles, the hidden attribute, text in the colour of its ground.
 *
 * Style sheets are not read; where they may decide the colours, nothing counts as hidden by colour.
 */
#ifndef MIME_HTML_STYLE_H
#define MIME_HTML_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/mime/html_token.h"

enum { HTML_COLOR_UNKNOWN = 1 << 24, HTML_OPEN_MOST = 128 };

struct html_style {
    bool gone;                  /* display:none, hidden: also all that is inside */
    bool invisible;             /* visibility */
    bool tiny;                  /* font-size */
    uint32_t color, background; /* 0xRRGGBB or HTML_COLOR_UNKNOWN */
};

/* The open elements, as far as the bounded stack reaches; deeper ones have the style of its top, and an end
 * tag that could be theirs ends one in the stack: doubt makes text visible. */
struct html_styles {
    struct html_style base;
    const struct html_element *paragraph;
    size_t count;
    const struct html_element *elements[HTML_OPEN_MOST];
    char names[HTML_OPEN_MOST][HTML_NAME_MOST + 1]; /* of unknown elements */
    struct html_style styles[HTML_OPEN_MOST];
};

void html_styles_begin(struct html_styles *styles);

/* A tag comes, opening or closing. */
void html_styles_tag(struct html_styles *styles, const struct html_tag *tag);

/* There is a style sheet: colours that are not set inline are unknown. */
void html_styles_sheet(struct html_styles *styles);

/* Would text that comes now be seen? */
bool html_styles_hidden(const struct html_styles *styles);

/* Changes style as the attributes of tag say. */
void html_style_apply(struct html_style *style, const struct html_tag *tag);

#endif
