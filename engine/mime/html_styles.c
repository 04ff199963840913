/* The bounded stack of open elements that changed the style. */
#include "engine/mime/html_style.h"

#include <stdlib.h>

static struct html_styled *top(struct html_styles *styles)
{
    return styles->count ? &styles->open[styles->count - 1] : NULL;
}

static struct html_style current(const struct html_styles *styles)
{
    return styles->count ? styles->open[styles->count - 1].style : styles->base;
}

/* The innermost open element of that name, or NULL. */
static struct html_styled *find_open(struct html_styles *styles, const char *name)
{
    for (size_t i = styles->count; i > 0; i--)
        if (memcmp(styles->open[i - 1].name, name, sizeof styles->open->name) == 0)
            return &styles->open[i - 1];
    return NULL;
}

static void end_implied(struct html_styles *styles, const struct html_tag *tag)
{
    struct html_styled *last = top(styles);
    if (!last || last->containers || !(last->element->traits & HTML_SELF_ENDING))
        return;
    bool paragraph_ends = tag->element->gap == HTML_LINE && strcmp(last->element->name, "p") == 0;
    if (paragraph_ends || last->element == tag->element)
        styles->count--;
}

static void open_element(struct html_styles *styles, const struct html_tag *tag)
{
    end_implied(styles, tag);
    struct html_styled *outer = find_open(styles, tag->name);
    if (top(styles) && (tag->element->traits & HTML_CONTAINER))
        top(styles)->containers++;
    struct html_style style = current(styles);
    if (html_style_apply(&style, tag) && styles->count < HTML_STYLES_MOST) {
        struct html_styled *styled = &styles->open[styles->count++];
        memcpy(styled->name, tag->name, sizeof styled->name);
        styled->element = tag->element;
        styled->style = style;
        styled->nested = 0;
        styled->containers = 0;
    } else if (outer) {
        outer->nested++;
    }
}

/* The end of a table or list ends open cells and items in it. */
static void close_container(struct html_styles *styles)
{
    struct html_styled *last = top(styles);
    while (last && last->containers == 0 && (last->element->traits & HTML_SELF_ENDING)) {
        styles->count--;
        last = top(styles);
    }
    if (last && last->containers && --last->containers == 0 && (last->element->traits & HTML_SELF_ENDING))
        last->nested = 0; /* whatever was left open inside */
}

static void close_element(struct html_styles *styles, const struct html_tag *tag)
{
    if (tag->element->traits & HTML_CONTAINER)
        close_container(styles);
    struct html_styled *open = find_open(styles, tag->name);
    if (!open)
        return;
    if (open->nested)
        open->nested--;
    else
        styles->count = (size_t)(open - styles->open);
}

void html_styles_begin(struct html_styles *styles)
{
    styles->base = (struct html_style){.color = 0x000000, .background = 0xFFFFFF};
    styles->count = 0;
}

void html_styles_tag(struct html_styles *styles, const struct html_tag *tag)
{
    if (tag->closing)
        close_element(styles, tag);
    else if (!(tag->element->traits & HTML_VOID))
        open_element(styles, tag);
}

void html_styles_sheet(struct html_styles *styles)
{
    styles->base.background = HTML_COLOR_UNKNOWN;
    for (size_t i = 0; i < styles->count; i++)
        styles->open[i].style.background = HTML_COLOR_UNKNOWN;
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
