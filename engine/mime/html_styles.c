/* The bounded stack of open elements, each with the style it gives its text. */
#include "engine/mime/html_style.h"

#include <stdlib.h>

static struct html_style current(const struct html_styles *styles)
{
    return styles->count ? styles->styles[styles->count - 1] : styles->base;
}

/* Ends the innermost open element of that kind, with all in it; the search ends at an element with a trait of
 * barrier. */
static void end_element(struct html_styles *styles, const struct html_element *element, const char *name,
                        unsigned barrier)
{
    for (size_t i = styles->count; i > 0; i--) {
        const struct html_element *open = styles->elements[i - 1];
        if (open == element && (name == NULL || memcmp(styles->names[i - 1], name, HTML_NAME_MOST) == 0)) {
            styles->count = i - 1;
            return;
        }
        if (open->traits & barrier)
            return;
    }
}

static void open_element(struct html_styles *styles, const struct html_tag *tag)
{
    if (tag->element->gap == HTML_LINE)
        end_element(styles, styles->paragraph, NULL, HTML_CONTAINER);
    if (tag->element->traits & HTML_SELF_ENDING)
        end_element(styles, tag->element, NULL, HTML_CONTAINER);
    if (styles->count == HTML_OPEN_MOST)
        return;
    struct html_style style = current(styles);
    html_style_apply(&style, tag);
    size_t top = styles->count++;
    styles->elements[top] = tag->element;
    memcpy(styles->names[top], tag->name, sizeof styles->names[top]);
    styles->styles[top] = style;
}

void html_styles_begin(struct html_styles *styles)
{
    styles->base = (struct html_style){.color = 0x000000, .background = 0xFFFFFF};
    styles->paragraph = html_element_find("p");
    styles->count = 0;
}

void html_styles_tag(struct html_styles *styles, const struct html_tag *tag)
{
    bool is_unknown = tag->element == &html_unknown_element;
    if (tag->closing)
        end_element(styles, tag->element, is_unknown ? tag->name : NULL, HTML_SCOPE);
    else if (!(tag->element->traits & HTML_VOID))
        open_element(styles, tag);
}

void html_styles_sheet(struct html_styles *styles)
{
    if (styles->base.background == HTML_COLOR_UNKNOWN)
        return;
    styles->base.background = HTML_COLOR_UNKNOWN;
    for (size_t i = 0; i < styles->count; i++)
        styles->styles[i].background = HTML_COLOR_UNKNOWN;
}

static bool is_near(uint32_t a, uint32_t b)
{
    enum { UNSEEN_STEP = 12 };
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > UNSEEN_STEP)
            return false;
    return a != HTML_COLOR_UNKNOWN && b != HTML_COLOR_UNKNOWN;
}

bool html_styles_hidden(const struct html_styles *styles)
{
    struct html_style style = current(styles);
    return style.gone || style.invisible || style.tiny || is_near(style.color, style.background);
}
