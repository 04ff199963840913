/* Reading the attributes that can hide text (CSS 2.1, and the colour attributes of old HTML). */
#include <stdlib.h>

#include "engine/mime/html_style.h"
#include "engine/mime/transfer.h"

static const struct {
    const char *name;
    uint32_t color;
} color_names[] = {
    {"white", 0xFFFFFF},      {"black", 0x000000},  {"red", 0xFF0000},    {"green", 0x008000},
    {"blue", 0x0000FF},       {"yellow", 0xFFFF00}, {"gray", 0x808080},   {"grey", 0x808080},
    {"silver", 0xC0C0C0},     {"navy", 0x000080},   {"maroon", 0x800000}, {"purple", 0x800080},
    {"teal", 0x008080},       {"lime", 0x00FF00},   {"aqua", 0x00FFFF},   {"fuchsia", 0xFF00FF},
    {"olive", 0x808000},      {"orange", 0xFFA500}, {"snow", 0xFFFAFA},   {"ivory", 0xFFFFF0},
    {"whitesmoke", 0xF5F5F5},
};

static uint32_t parse_hex(struct span digits)
{
    uint32_t color = 0;
    if (digits.n != 3 && digits.n != 6)
        return HTML_COLOR_UNKNOWN;
    for (size_t i = 0; i < digits.n; i++) {
        int value = mime_hex_value(digits.p[i]);
        if (value < 0)
            return HTML_COLOR_UNKNOWN;
        color = digits.n == 3 ? color << 8 | (uint32_t)value * 17 : color << 4 | (uint32_t)value;
    }
    return color;
}

/* "rgb(255, 0, 0)"; what shines through a colour with a fourth value is unknown. */
static uint32_t parse_rgb(struct span s)
{
    uint32_t color = 0;
    if (span_starts_nocase(s, SPAN("rgba")))
        return HTML_COLOR_UNKNOWN;
    size_t pos = span_find(s, '(') + 1;
    for (int channel = 0; channel < 3; channel++) {
        uint32_t value = 0;
        while (pos < s.n && (s.p[pos] == ' ' || s.p[pos] == ','))
            pos++;
        if (pos >= s.n || s.p[pos] < '0' || s.p[pos] > '9')
            return HTML_COLOR_UNKNOWN;
        for (; pos < s.n && s.p[pos] >= '0' && s.p[pos] <= '9'; pos++)
            value = value > 255 ? value : value * 10 + (uint32_t)(s.p[pos] - '0');
        color = color << 8 | (value > 255 ? 255 : value);
    }
    return color;
}

static uint32_t parse_color(struct span s)
{
    s = span_trim(s);
    if (s.n && *s.p == '#')
        return parse_hex(span_slice(s, 1, s.n));
    if (span_starts_nocase(s, SPAN("rgb")))
        return parse_rgb(s);
    for (size_t i = 0; i < sizeof color_names / sizeof *color_names; i++)
        if (span_equal_nocase(s, span_text(color_names[i].name)))
            return color_names[i].color;
    return parse_hex(s); /* old mail leaves the "#" out */
}

/* Non-negative decimal number in thousandths at the start of s; returns its size, 0 when there is none. */
static size_t parse_number(struct span s, uint32_t *thousandths)
{
    uint32_t whole = 0, part = 0, weight = 100;
    size_t i = 0;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        whole = whole > 100000 ? whole : whole * 10 + (uint32_t)(s.p[i] - '0');
    if (i < s.n && s.p[i] == '.')
        for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, weight /= 10)
            part += (uint32_t)(s.p[i] - '0') * weight;
    *thousandths = whole * 1000 + part;
    return i;
}

/* Too small to be read: up to 1px or 1pt, 0.1em, 10%. */
static bool is_tiny(struct span size, bool before)
{
    uint32_t value;
    size_t used = parse_number(size, &value);
    if (used == 0)
        return span_starts_nocase(size, SPAN("inherit")) && before;
    struct span unit = span_slice(size, used, size.n);
    if (span_starts_nocase(unit, SPAN("em")) || span_starts_nocase(unit, SPAN("rem")))
        return value <= 100;
    return value <= (unit.n && *unit.p == '%' ? 10000 : 1000);
}

static bool is_zero(struct span s)
{
    uint32_t value;
    return parse_number(s, &value) > 0 && value == 0;
}

/* "red", "#f00 none", "url(x.png) red": the first word that is a colour; a picture makes it unknown. */
static uint32_t parse_background(struct span s, uint32_t before)
{
    if (span_starts_nocase(s, SPAN("transparent")) || span_starts_nocase(s, SPAN("none")) ||
        span_starts_nocase(s, SPAN("inherit")))
        return before;
    return parse_color(span_starts_nocase(s, SPAN("rgb")) ? s : span_slice(s, 0, span_find(s, ' ')));
}

static void apply_declaration(struct html_style *style, struct span name, struct span value)
{
    if (span_equal_nocase(name, SPAN("display")))
        style->gone = style->gone || span_starts_nocase(value, SPAN("none"));
    else if (span_equal_nocase(name, SPAN("visibility")))
        style->invisible = !span_starts_nocase(value, SPAN("visible"));
    else if (span_equal_nocase(name, SPAN("font-size")))
        style->tiny = is_tiny(value, style->tiny);
    else if (span_equal_nocase(name, SPAN("opacity")) || span_equal_nocase(name, SPAN("max-height")))
        style->gone = style->gone || is_zero(value);
    else if (span_equal_nocase(name, SPAN("color")))
        style->color = parse_color(value);
    else if (span_equal_nocase(name, SPAN("background")) || span_equal_nocase(name, SPAN("background-color")))
        style->background = parse_background(value, style->background);
    else if (span_equal_nocase(name, SPAN("background-image")) && !span_starts_nocase(value, SPAN("none")))
        style->background = HTML_COLOR_UNKNOWN;
}

static void apply_inline(struct html_style *style, struct span css)
{
    while (css.n) {
        size_t end = span_find(css, ';');
        struct span declaration = span_slice(css, 0, end);
        size_t colon = span_find(declaration, ':');
        struct span value = span_slice(declaration, colon + 1, declaration.n);
        value = span_trim(span_slice(value, 0, span_find(value, '!'))); /* without "!important" */
        apply_declaration(style, span_trim(span_slice(declaration, 0, colon)), value);
        css = span_slice(css, end + 1, css.n);
    }
}

void html_style_apply(struct html_style *style, const struct html_tag *tag)
{
    if (tag->has[HTML_HIDDEN])
        style->gone = true;
    if (tag->has[HTML_CLASS] || tag->has[HTML_BACKGROUND])
        style->background = HTML_COLOR_UNKNOWN;
    if (tag->has[HTML_BGCOLOR])
        style->background = parse_color(tag->value[HTML_BGCOLOR]);
    if (tag->has[HTML_COLOR])
        style->color = parse_color(tag->value[HTML_COLOR]);
    if (tag->has[HTML_TEXT])
        style->color = parse_color(tag->value[HTML_TEXT]);
    if (tag->has[HTML_STYLE])
        apply_inline(style, tag->value[HTML_STYLE]);
}
