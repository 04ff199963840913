/* The Public Suffix List is compiled into libpsl, and the tables of IDNA into libidn2: nothing here opens a file, so it
 * works in the sandbox. */
#include "engine/scan/domain.h"

#include <idn2.h>
#include <libpsl.h>

static bool is_name_byte(unsigned char c)
{
    return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static int hex_digit(char c)
{
    c = ascii_lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case, and "%61" for what it stands for, as browsers read hosts; NUL-terminated.  A '%' that begins nothing stays,
 * as does one for a NUL, and is no byte of a name. */
static void decode(struct span host, char room[SCAN_DOMAIN_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        int high = c == '%' && host.n - i > 2 ? hex_digit(host.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(host.p[i + 2]) : -1;
        if (low >= 0 && high + low > 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        room[n++] = ascii_lower(c);
    }
    room[n] = '\0';
}

/* Into A-labels, by the mapping of UTS 46, which makes dots of other scripts' full stops. */
static bool to_ascii(char room[SCAN_DOMAIN_BYTES])
{
    uint8_t *ascii = NULL;
    if (!span_has_8bit(span_text(room)))
        return true;
    if (idn2_lookup_u8((const uint8_t *)room, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    struct span found = span_text((const char *)ascii);
    bool fits = found.n < SCAN_DOMAIN_BYTES;
    if (fits)
        memcpy(room, found.p, found.n + 1);
    idn2_free(ascii);
    return fits;
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!is_name_byte((unsigned char)name.p[i]))
            return false;
    return name.n > 0;
}

/* Is the last label a number: figures, or hexadecimal ones after "0x"?  Browsers take every such name for an IPv4 address,
 * however many labels it has, or for a mistake (WHATWG URL, "ends in a number"). */
static bool ends_in_number(struct span name)
{
    size_t begin = name.n;
    while (begin && name.p[begin - 1] != '.')
        begin--;
    struct span label = span_slice(name, begin, name.n);
    bool hex = span_starts_nocase(label, SPAN("0x"));
    for (size_t i = hex ? 2 : 0; i < label.n; i++)
        if (hex ? hex_digit(label.p[i]) < 0 : label.p[i] < '0' || label.p[i] > '9')
            return false;
    return label.n > 0;
}

enum scan_host_kind scan_host_read(struct span host, struct scan_host *read)
{
    *read = (struct scan_host){0};
    if (host.n >= SCAN_DOMAIN_BYTES)
        return SCAN_HOST_NONE;
    if (host.n && host.p[0] == '[')
        return SCAN_HOST_ADDRESS;
    decode(host, read->room);
    if (!to_ascii(read->room))
        return SCAN_HOST_NONE;
    read->name = span_text(read->room);
    while (read->name.n && read->name.p[read->name.n - 1] == '.')
        read->room[--read->name.n] = '\0';
    if (!is_name(read->name)) {
        read->name = (struct span){0};
        return SCAN_HOST_NONE;
    }
    if (ends_in_number(read->name))
        return SCAN_HOST_ADDRESS;
    if (span_find(read->name, '.') == read->name.n)
        return SCAN_HOST_UNREGISTERED;
    const char *registered = psl_registrable_domain(psl_builtin(), read->room);
    read->domain = registered ? span_text(registered) : (struct span){0};
    return registered ? SCAN_HOST_REGISTERED : SCAN_HOST_UNREGISTERED;
}

struct span scan_address_domain(const struct mime_view *view, const char *header)
{
    const struct mime_header *h = mime_view_header(view, header);
    struct span s = h ? h->decoded : (struct span){0};
    size_t at = s.n;
    while (at && s.p[at - 1] != '@')
        at--;
    if (at == 0)
        return (struct span){0};
    size_t end = at;
    while (end < s.n && s.p[end] && !strchr("> (),;\"", s.p[end]))
        end++;
    return span_slice(s, at, end - at);
}

/* ---- look-alikes ---- */

enum script { SCRIPT_COMMON, SCRIPT_LATIN, SCRIPT_GREEK, SCRIPT_CYRILLIC, SCRIPT_OTHER };

static enum script script_of(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 0xc0 && c <= 0x24f))
        return SCRIPT_LATIN;
    if (c < 0x80)
        return SCRIPT_COMMON;
    if (c >= 0x370 && c <= 0x3ff)
        return SCRIPT_GREEK;
    return c >= 0x400 && c <= 0x52f ? SCRIPT_CYRILLIC : SCRIPT_OTHER;
}

/* Small letters that many fonts draw as Latin ones. */
static bool looks_latin(uint32_t c)
{
    static const uint32_t letters[] = {0x3b1, 0x3bf, 0x3c1, 0x3c5, 0x430, 0x435, 0x43e, 0x440, 0x441, 0x443,
                                       0x445, 0x455, 0x456, 0x458, 0x4bb, 0x501, 0x51b, 0x51d, 0x4cf};
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i] == c)
            return true;
    return script_of(c) == SCRIPT_COMMON;
}

static bool label_misleads(const uint32_t *label)
{
    unsigned scripts = 0;
    bool all_look_latin = true;
    for (; *label && *label != '.'; label++) {
        scripts |= 1u << script_of(*label);
        all_look_latin = all_look_latin && looks_latin(*label);
    }
    const unsigned latin = 1u << SCRIPT_LATIN, like_it = 1u << SCRIPT_GREEK | 1u << SCRIPT_CYRILLIC;
    return (scripts & like_it) && ((scripts & latin) || all_look_latin);
}

bool scan_domain_misleads(struct span registered)
{
    uint32_t *name = NULL;
    char text[SCAN_DOMAIN_BYTES];
    bool misleads = false;
    if (registered.n >= sizeof text || span_find_span(registered, SPAN("xn--")) == registered.n)
        return false;
    memcpy(text, registered.p, registered.n);
    text[registered.n] = '\0';
    if (idn2_to_unicode_8z4z(text, &name, 0) != IDN2_OK)
        return false;
    for (const uint32_t *at = name; *at && !misleads; at++)
        if (at == name || at[-1] == '.')
            misleads = label_misleads(at);
    idn2_free(name);
    return misleads;
}
