/* URLs, as far as a judge of mail needs them (RFC 3986, read as mail programs do). */
#include "engine/mime/url.h"

enum { URL_MOST = 2048 };

static bool is_alpha(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* UTF-8 may be part of a host. */
static bool is_host_char(char c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || (unsigned char)c >= 0x80;
}

static size_t scheme_length(struct span s)
{
    if (span_starts_nocase(s, SPAN("http://")))
        return 7;
    return span_starts_nocase(s, SPAN("https://")) ? 8 : 0;
}

static bool ends_url(char c)
{
    return (unsigned char)c <= ' ' || c == '<' || c == '>' || c == '"' || c == 127;
}

/* Punctuation after a URL belongs to the sentence, a closing bracket to the one opened before it. */
static struct span without_punctuation(struct span url)
{
    bool bracket = span_find(url, '(') < url.n;
    while (url.n && (strchr(".,;:!?'*]}", url.p[url.n - 1]) || (!bracket && url.p[url.n - 1] == ')')))
        url.n--;
    return url;
}

static struct span url_at(struct span s)
{
    size_t prefix = scheme_length(s);
    if (prefix == 0 && span_starts_nocase(s, SPAN("www.")))
        prefix = 4;
    if (prefix == 0 || s.n == prefix || !is_host_char(s.p[prefix]) || s.p[prefix] == '.')
        return (struct span){0};
    size_t end = prefix;
    while (end < s.n && end < URL_MOST && !ends_url(s.p[end]))
        end++;
    while (end < s.n && ((unsigned char)s.p[end] & 0xC0) == 0x80) /* never half a character */
        end--;
    return without_punctuation(span_slice(s, 0, end));
}

bool url_next(struct span *rest, struct span *url)
{
    bool in_word = false;
    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (!in_word && (c == 'h' || c == 'H' || c == 'w' || c == 'W')) {
            *url = url_at(span_slice(*rest, i, rest->n));
            if (url->n) {
                *rest = span_slice(*rest, i + url->n, rest->n);
                return true;
            }
        }
        in_word = is_alpha(c) || is_digit(c);
    }
    *rest = (struct span){0};
    return false;
}

static bool ends_host(char c)
{
    return c == '/' || c == '?' || c == '#' || c == '\\' || ends_url(c);
}

static struct span host_after(struct span s)
{
    size_t end = 0;
    while (end < s.n && !ends_host(s.p[end]))
        end++;
    s = span_slice(s, 0, end);
    for (size_t at = span_find(s, '@'); at < s.n; at = span_find(s, '@'))
        s = span_slice(s, at + 1, s.n);
    s = span_slice(s, 0, span_find(s, ':'));
    while (s.n && s.p[s.n - 1] == '.')
        s.n--;
    return s;
}

struct span url_host(struct span url)
{
    size_t prefix = scheme_length(url);
    if (prefix == 0 && span_starts_nocase(url, SPAN("//")))
        prefix = 2;
    if (prefix == 0 && span_starts_nocase(url, SPAN("www.")))
        return host_after(url);
    return prefix ? host_after(span_slice(url, prefix, url.n)) : (struct span){0};
}

static struct span last_labels(struct span host, unsigned count)
{
    size_t begin = host.n;
    while (begin > 0 && (host.p[begin - 1] != '.' || --count > 0))
        begin--;
    return span_slice(host, begin, host.n);
}

/* Words with a dot that are not hosts in what people write: "invoice.pdf", "node.js". */
static bool is_file_ending(struct span label)
{
    static const char *const endings[] = {"js",  "txt", "pdf", "doc", "docx", "xls", "xlsx", "htm", "html",
                                          "php", "jpg", "png", "gif", "zip",  "exe", "asp",  "aspx"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (span_equal_nocase(label, span_text(endings[i])))
            return true;
    return false;
}

/* The host that a reader sees in the text of a link: after a scheme or "www.", or alone as "name.tld". */
static struct span shown_host(struct span text)
{
    text = span_trim(text);
    struct span host = url_host(text);
    if (host.n)
        return host;
    host = host_after(text);
    for (size_t i = 0; i < host.n; i++)
        if (!is_host_char(host.p[i]))
            return (struct span){0};
    struct span last = last_labels(host, 1);
    bool plausible = last.n >= 2 && last.n < host.n && host.p[0] != '.' && !is_file_ending(last);
    for (size_t i = 0; i < last.n; i++)
        plausible = plausible && is_alpha(last.p[i]);
    for (size_t i = host.n; plausible && i < text.n;
         i++) /* prose that begins with such a word does not count */
        plausible = text.p[i] != ' ' && text.p[i] != '\n' && text.p[i] != '@';
    return plausible && span_find(text, '@') == text.n ? host : (struct span){0};
}

/* "example.com", but three labels for names shaped like "example.co.uk". */
static struct span registered_domain(struct span host)
{
    struct span two = last_labels(host, 2);
    bool short_second = span_find(two, '.') <= 3 && last_labels(host, 1).n == 2;
    return short_second ? last_labels(host, 3) : two;
}

bool url_text_misleads(struct span text, struct span target)
{
    struct span shown = shown_host(text), real = url_host(target);
    return shown.n && real.n && !span_equal_nocase(registered_domain(shown), registered_domain(real));
}
