/* The bounded stack of open elements that changed the style. */
#include <stdlib.h>

#include "engine/mime/html_style.h"

/* Elements that end by themselves when the next of their kind begins. */
static const char *const self_ending[] = {"p", "li", "td", "th", "tr", "dt", "dd", "option"};
/* Elements that keep such an end away from what is around them. */
static const char *const containers[] = {"table", "ul", "ol", "dl", "select"};

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

#define ONE_OF(name, list) is_one_of(name, list, sizeof list / sizeof *list)

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
        if (strcmp(styles->open[i - 1].name, name) == 0)
            return &styles->open[i - 1];
    return NULL;
}

static void end_implied(struct html_styles *styles, const char *name, bool is_block)
{
    struct html_styled *last = top(styles);
    if (!last || last->containers)
        return;
    bool paragraph_ends = is_block && strcmp(last->name, "p") == 0;
    if (paragraph_ends || (strcmp(last->name, name) == 0 && ONE_OF(name, self_ending)))
        styles->count--;
}

static void open_element(struct html_styles *styles, const struct html_tag *tag, bool is_block)
{
    end_implied(styles, tag->name, is_block);
    struct html_styled *outer = find_open(styles, tag->name);
    if (top(styles) && ONE_OF(tag->name, containers))
        top(styles)->containers++;
    struct html_style style = current(styles);
    if (html_style_apply(&style, tag) && styles->count < HTML_STYLES_MOST) {
        struct html_styled *styled = &styles->open[styles->count++];
        memcpy(styled->name, tag->name, sizeof styled->name);
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
    while (last && last->containers == 0 && ONE_OF(last->name, self_ending)) {
        styles->count--;
        last = top(styles);
    }
    if (last && last->containers && --last->containers == 0 && ONE_OF(last->name, self_ending))
        last->nested = 0; /* whatever was left open inside */
}

static void close_element(struct html_styles *styles, const char *name)
{
    if (ONE_OF(name, containers))
        close_container(styles);
    struct html_styled *open = find_open(styles, name);
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

void html_styles_tag(struct html_styles *styles, const struct html_tag *tag, bool is_void, bool is_block)
{
    if (tag->closing)
        close_element(styles, tag->name);
    else if (!is_void)
        open_element(styles, tag, is_block);
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
