/* Character references; names are a choice of the common ones and of those that hide letters of URLs. */
#include "engine/mime/html_entity.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mime/transfer.h"

enum { REPLACEMENT = 0xFFFD, NAME_MOST = 14 };

/* Sorted by name. */
static const struct entity {
    char name[NAME_MOST + 1];
    uint16_t code;
} entities[] = {
    {"AElig", 0xC6},    {"Aacute", 0xC1},
    {"Acirc", 0xC2},    {"Agrave", 0xC0},
    {"Aring", 0xC5},    {"Atilde", 0xC3},
    {"Auml", 0xC4},     {"Ccedil", 0xC7},
    {"Dagger", 0x2021}, {"ETH", 0xD0},
    {"Eacute", 0xC9},   {"Ecirc", 0xCA},
    {"Egrave", 0xC8},   {"Euml", 0xCB},
    {"Iacute", 0xCD},   {"Icirc", 0xCE},
    {"Igrave", 0xCC},   {"Iuml", 0xCF},
    {"NewLine", 0xA},   {"Ntilde", 0xD1},
    {"OElig", 0x152},   {"Oacute", 0xD3},
    {"Ocirc", 0xD4},    {"Ograve", 0xD2},
    {"Oslash", 0xD8},   {"Otilde", 0xD5},
    {"Ouml", 0xD6},     {"Prime", 0x2033},
    {"Scaron", 0x160},  {"THORN", 0xDE},
    {"Tab", 0x9},       {"Uacute", 0xDA},
    {"Ucirc", 0xDB},    {"Ugrave", 0xD9},
    {"Uuml", 0xDC},     {"Yacute", 0xDD},
    {"Yuml", 0x178},    {"ZeroWidthSpace", 0x200B},
    {"aacute", 0xE1},   {"acirc", 0xE2},
    {"acute", 0xB4},    {"aelig", 0xE6},
    {"agrave", 0xE0},   {"amp", 0x26},
    {"apos", 0x27},     {"aring", 0xE5},
    {"ast", 0x2A},      {"atilde", 0xE3},
    {"auml", 0xE4},     {"bdquo", 0x201E},
    {"brvbar", 0xA6},   {"bull", 0x2022},
    {"ccedil", 0xE7},   {"cedil", 0xB8},
    {"cent", 0xA2},     {"check", 0x2713},
    {"circ", 0x2C6},    {"colon", 0x3A},
    {"comma", 0x2C},    {"commat", 0x40},
    {"copy", 0xA9},     {"curren", 0xA4},
    {"dagger", 0x2020}, {"darr", 0x2193},
    {"deg", 0xB0},      {"divide", 0xF7},
    {"dollar", 0x24},   {"eacute", 0xE9},
    {"ecirc", 0xEA},    {"egrave", 0xE8},
    {"emsp", 0x2003},   {"ensp", 0x2002},
    {"equals", 0x3D},   {"eth", 0xF0},
    {"euml", 0xEB},     {"euro", 0x20AC},
    {"excl", 0x21},     {"fnof", 0x192},
    {"frac12", 0xBD},   {"frac14", 0xBC},
    {"frac34", 0xBE},   {"ge", 0x2265},
    {"gt", 0x3E},       {"harr", 0x2194},
    {"hellip", 0x2026}, {"hyphen", 0x2010},
    {"iacute", 0xED},   {"icirc", 0xEE},
    {"iexcl", 0xA1},    {"igrave", 0xEC},
    {"infin", 0x221E},  {"iquest", 0xBF},
    {"iuml", 0xEF},     {"laquo", 0xAB},
    {"larr", 0x2190},   {"ldquo", 0x201C},
    {"le", 0x2264},     {"lowbar", 0x5F},
    {"lpar", 0x28},     {"lrm", 0x200E},
    {"lsaquo", 0x2039}, {"lsqb", 0x5B},
    {"lsquo", 0x2018},  {"lt", 0x3C},
    {"macr", 0xAF},     {"mdash", 0x2014},
    {"micro", 0xB5},    {"middot", 0xB7},
    {"minus", 0x2212},  {"nbsp", 0xA0},
    {"ndash", 0x2013},  {"ne", 0x2260},
    {"not", 0xAC},      {"ntilde", 0xF1},
    {"num", 0x23},      {"oacute", 0xF3},
    {"ocirc", 0xF4},    {"oelig", 0x153},
    {"ograve", 0xF2},   {"ordf", 0xAA},
    {"ordm", 0xBA},     {"oslash", 0xF8},
    {"otilde", 0xF5},   {"ouml", 0xF6},
    {"para", 0xB6},     {"percnt", 0x25},
    {"period", 0x2E},   {"permil", 0x2030},
    {"phone", 0x260E},  {"plus", 0x2B},
    {"plusmn", 0xB1},   {"pound", 0xA3},
    {"prime", 0x2032},  {"quest", 0x3F},
    {"quot", 0x22},     {"raquo", 0xBB},
    {"rarr", 0x2192},   {"rdquo", 0x201D},
    {"reg", 0xAE},      {"rlm", 0x200F},
    {"rpar", 0x29},     {"rsaquo", 0x203A},
    {"rsqb", 0x5D},     {"rsquo", 0x2019},
    {"sbquo", 0x201A},  {"scaron", 0x161},
    {"sect", 0xA7},     {"semi", 0x3B},
    {"shy", 0xAD},      {"sol", 0x2F},
    {"star", 0x2606},   {"sup1", 0xB9},
    {"sup2", 0xB2},     {"sup3", 0xB3},
    {"szlig", 0xDF},    {"thinsp", 0x2009},
    {"thorn", 0xFE},    {"tilde", 0x2DC},
    {"times", 0xD7},    {"trade", 0x2122},
    {"uacute", 0xFA},   {"uarr", 0x2191},
    {"ucirc", 0xFB},    {"ugrave", 0xF9},
    {"uml", 0xA8},      {"uuml", 0xFC},
    {"yacute", 0xFD},   {"yen", 0xA5},
    {"yuml", 0xFF},     {"zwj", 0x200D},
    {"zwnj", 0x200C},
};

/* What browsers take 128 to 159 for: windows-1252 (0 where that has none). */
static const uint16_t windows_1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

bool html_entity_char(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '#';
}

static size_t put_utf8(uint32_t code, char *out)
{
    if (code == 0 || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF)
        code = REPLACEMENT;
    if (code >= 128 && code < 160 && windows_1252[code - 128])
        code = windows_1252[code - 128];
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> size & 0xFF) | code);
    return size;
}

static size_t decode_number(struct span digits, char *utf8)
{
    uint32_t base = 10, code = 0;
    if (digits.n && ascii_lower(*digits.p) == 'x') {
        base = 16;
        digits = span_slice(digits, 1, digits.n);
    }
    for (size_t i = 0; i < digits.n; i++) {
        int value = mime_hex_value(digits.p[i]);
        if (value < 0 || (uint32_t)value >= base)
            return 0;
        if (code <= 0x10FFFF) /* a larger one stays too large */
            code = code * base + (uint32_t)value;
    }
    return digits.n ? put_utf8(code, utf8) : 0;
}

static int compare_entity(const void *key, const void *element)
{
    return strcmp(key, ((const struct entity *)element)->name);
}

size_t html_entity_decode(struct span name, char utf8[HTML_ENTITY_UTF8_MOST])
{
    char key[NAME_MOST + 1];
    if (name.n && *name.p == '#')
        return decode_number(span_slice(name, 1, name.n), utf8);
    if (name.n == 0 || name.n > NAME_MOST)
        return 0;
    memcpy(key, name.p, name.n);
    key[name.n] = '\0';
    const struct entity *hit =
        bsearch(key, entities, sizeof entities / sizeof *entities, sizeof *entities, compare_entity);
    return hit ? put_utf8(hit->code, utf8) : 0;
}

/* The reference at the start of s; returns its size in the text or 0.  "&copy=1" is a query, no reference. */
static size_t reference(struct span s, char *utf8, size_t *utf8_size)
{
    size_t end = 1;
    while (end < s.n && end <= NAME_MOST + 1 && html_entity_char(s.p[end]))
        end++;
    bool closed = end < s.n && s.p[end] == ';';
    if (!closed && (s.n < 2 || s.p[1] != '#'))
        return 0;
    *utf8_size = html_entity_decode(span_slice(s, 1, end - 1), utf8);
    return *utf8_size ? end + closed : 0;
}

size_t html_entities_decode(char *text, size_t size)
{
    struct span s = span_of(text, size);
    size_t out = 0;
    while (out < size && text[out] != '&' && (unsigned char)text[out] > '\r')
        out++; /* mostly all of it */
    s = span_slice(s, out, size);
    while (s.n) {
        char utf8[HTML_ENTITY_UTF8_MOST] = {*s.p};
        size_t used = 0, utf8_size = 1;
        if (*s.p == '&')
            used = reference(s, utf8, &utf8_size);
        if (used == 0)
            used = utf8_size = 1;
        s = span_slice(s, used, s.n);
        if (utf8[0] == '\t' || utf8[0] == '\n' || utf8[0] == '\r')
            continue;
        memcpy(text + out, utf8, utf8_size);
        out += utf8_size;
    }
    return out;
}
