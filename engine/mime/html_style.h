/* Which text of an HTML mail nobody sees: inline styles, the hidden attribute, text in the colour of its ground.
 *
 * Style sheets are not read; where they may decide the colours, nothing counts as hidden by colour.
 */
#ifndef MIME_HTML_STYLE_H
#define MIME_HTML_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/mime/html_token.h"

enum { HTML_COLOR_UNKNOWN = 1 << 24, HTML_STYLES_MOST = 64 };

struct html_style {
    bool gone;                  /* display:none, hidden: also all that is inside */
    bool invisible;             /* visibility */
    bool tiny;                  /* font-size */
    uint32_t color, background; /* 0xRRGGBB or HTML_COLOR_UNKNOWN */
};

/* An open element that changed the style, as far as the bounded stack reaches. */
struct html_styled {
    char name[HTML_NAME_MOST + 1];
    struct html_style style;
    uint32_t nested;     /* open elements of the same name inside, which take its end tags */
    uint32_t containers; /* open tables and lists inside, which keep its implied end away */
};

struct html_styles {
    struct html_style base;
    struct html_styled open[HTML_STYLES_MOST];
    size_t count;
};

void html_styles_begin(struct html_styles *styles);

/* A tag comes: opens or closes; is_void elements have no content, a block ends an open paragraph. */
void html_styles_tag(struct html_styles *styles, const struct html_tag *tag, bool is_void, bool is_block);

/* There is a style sheet: colours that are not set inline are unknown. */
void html_styles_sheet(struct html_styles *styles);

/* Would text that comes now be seen? */
bool html_styles_hidden(const struct html_styles *styles);

/* Changes style as the attributes of tag say; true when it changed. */
bool html_style_apply(struct html_style *style, const struct html_tag *tag);

#endif
