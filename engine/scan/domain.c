/* The Public Suffix List is compiled into libpsl, and the tables of IDNA into libidn2: nothing here opens a file, so it
 * works in the sandbox. */
#include "engine/scan/domain.h"

#include <idn2.h>
#include <libpsl.h>

static bool is_digit_or_dot(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

static bool is_address(struct span host)
{
    size_t i = 0;
    while (i < host.n && is_digit_or_dot(host.p[i]))
        i++;
    return i == host.n || host.p[0] == '[';
}

static bool is_name_byte(unsigned char c)
{
    return c >= 0x80 || c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* host in lower case and A-labels, NUL-terminated; false when it is no name that fits. */
static bool to_ascii(struct span host, char room[SCAN_DOMAIN_BYTES])
{
    uint8_t name[SCAN_DOMAIN_BYTES], *ascii = NULL;
    for (size_t i = 0; i < host.n; i++) {
        name[i] = (uint8_t)ascii_lower(host.p[i]);
        if (!is_name_byte(name[i]))
            return false;
    }
    name[host.n] = '\0';
    if (!span_has_8bit(host)) {
        memcpy(room, name, host.n + 1);
        return true;
    }
    if (idn2_lookup_u8(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return false;
    struct span found = span_text((const char *)ascii);
    bool fits = found.n < SCAN_DOMAIN_BYTES;
    if (fits)
        memcpy(room, found.p, found.n + 1);
    idn2_free(ascii);
    return fits;
}

struct span scan_registered_domain(struct span host, char room[SCAN_DOMAIN_BYTES])
{
    while (host.n && host.p[host.n - 1] == '.')
        host.n--;
    if (host.n >= SCAN_DOMAIN_BYTES || is_address(host) || span_find(host, '.') == host.n ||
        !to_ascii(host, room))
        return (struct span){0};
    const char *registered = psl_registrable_domain(psl_builtin(), room);
    return registered ? span_text(registered) : (struct span){0};
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
