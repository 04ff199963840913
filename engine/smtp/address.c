/* Addresses of the envelope (RFC 5321 4.1.2, 4.1.3, RFC 6531 3.3). */
#include "engine/smtp/address.h"

#include "engine/base/text.h"
#include "engine/smtp/address_range.h"

static bool is_letter_or_digit(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

/* atext of RFC 5322 3.2.3 */
static bool is_atom_char(char c)
{
    return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* What addresses may hold. */
enum repertoire { ASCII, UTF8 };

/* Length of the character beyond ASCII at s.p[i], 0 when there is none that may stand there (C1 controls may not). */
static size_t wide_length(struct span s, size_t i, enum repertoire set)
{
    struct span rest = span_slice(s, i, s.n);
    if (set == ASCII || (unsigned char)rest.p[0] < 0x80)
        return 0;
    size_t n = text_utf8_length(rest);
    bool control = n == 2 && (unsigned char)rest.p[0] == 0xc2 && (unsigned char)rest.p[1] < 0xa0;
    return control ? 0 : n;
}

/* Length of the Dot-string at the start of s, 0 when there is none. */
static size_t dot_string_length(struct span s, enum repertoire set)
{
    size_t i = 0, wide;
    bool atom = false;
    for (; i < s.n; i++) {
        if (is_atom_char(s.p[i]))
            atom = true;
        else if ((wide = wide_length(s, i, set)) > 0)
            atom = true, i += wide - 1;
        else if (s.p[i] == '.' && atom)
            atom = false;
        else
            break;
    }
    return atom ? i : 0;
}

/* Length of the Quoted-string at the start of s with both quotes, 0 when there is none.  Angle brackets are
 * legal in it but refused: too many programs look for the last '>'. */
static size_t quoted_string_length(struct span s, enum repertoire set)
{
    for (size_t i = 1, wide; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        if ((wide = wide_length(s, i, set)) > 0) {
            i += wide - 1;
            continue;
        }
        if (s.p[i] == '\\')
            i++;
        if (i == s.n || s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '<' || s.p[i] == '>')
            return 0;
    }
    return 0;
}

/* Length of the dotted name at the start of s, 0 when it is none or a label is out of bounds (RFC 1035 2.3.4); one in
 * UTF-8 may be longer than it is for DNS. */
static size_t domain_name_length(struct span s, enum repertoire set)
{
    size_t label = 0, i = 0, wide;
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (c == '.') {
            if (label == 0 || s.p[i - 1] == '-')
                return 0;
            label = 0;
        } else if (is_letter_or_digit(c) || c == '_' || (c == '-' && label > 0)) {
            if (++label > 63)
                return 0;
        } else if ((wide = wide_length(s, i, set)) > 0) {
            label++;
            i += wide - 1;
        } else {
            break;
        }
    }
    return label == 0 || i > SMTP_DOMAIN_MAX || s.p[i - 1] == '-' ? 0 : i;
}

static size_t address_literal_length(struct span s)
{
    size_t end = span_find(s, ']');
    if (end == s.n)
        return 0;
    struct span inner = span_slice(s, 1, end - 1);
    bool v6 = span_starts_nocase(inner, SPAN("IPv6:"));
    if (v6)
        inner = span_slice(inner, 5, inner.n);
    return smtp_ip_family(inner) == (v6 ? AF_INET6 : AF_INET) ? end + 1 : 0;
}

static size_t domain_length(struct span s, enum repertoire set)
{
    if (s.n == 0)
        return 0;
    return s.p[0] == '[' ? address_literal_length(s) : domain_name_length(s, set);
}

/* Length of the mailbox at the start of s, 0 when there is none. */
static size_t mailbox_length(struct span s, enum repertoire set, struct smtp_mailbox *out)
{
    size_t local = s.n && s.p[0] == '"' ? quoted_string_length(s, set) : dot_string_length(s, set);
    size_t total = local, domain = 0;
    if (local == 0)
        return 0;
    if (local < s.n && s.p[local] == '@') {
        domain = domain_length(span_slice(s, local + 1, s.n), set);
        total = local + 1 + domain;
    }
    bool needs_domain = !span_equal_nocase(span_slice(s, 0, local), SPAN("postmaster"));
    if (total > SMTP_MAILBOX_MAX || (domain == 0 && (needs_domain || total > local)))
        return 0;
    *out = (struct smtp_mailbox){
        .text = span_slice(s, 0, total),
        .local = span_slice(s, 0, local),
        .domain = span_slice(s, total - domain, domain),
    };
    return total;
}

/* Moves *in behind a source route "@a,@b:" when there is one. */
static bool skip_source_route(struct span *in)
{
    while (in->n && in->p[0] == '@') {
        size_t domain = domain_length(span_slice(*in, 1, in->n), ASCII);
        char next = domain && domain + 1 < in->n ? in->p[domain + 1] : '\0';
        if (next != ',' && next != ':')
            return false;
        *in = span_slice(*in, domain + 2, in->n);
        if (next == ':')
            return true;
        if (in->n == 0 || in->p[0] != '@')
            return false;
    }
    return true;
}

enum smtp_path_status smtp_path_parse(struct span *in, struct smtp_mailbox *out)
{
    *out = (struct smtp_mailbox){.text = SPAN("")};
    if (in->n < 2 || in->p[0] != '<')
        return SMTP_PATH_BAD;
    struct span rest = span_slice(*in, 1, in->n);
    if (rest.p[0] != '>') {
        size_t length = skip_source_route(&rest) ? mailbox_length(rest, UTF8, out) : 0;
        rest = span_slice(rest, length, rest.n);
        if (length == 0 || rest.n == 0 || rest.p[0] != '>')
            return span_has_8bit(*in) ? SMTP_PATH_8BIT : SMTP_PATH_BAD;
    }
    *in = span_slice(rest, 1, rest.n);
    return SMTP_PATH_OK;
}

bool smtp_mailbox_parse(struct span text, struct smtp_mailbox *out)
{
    return text.n > 0 && mailbox_length(text, ASCII, out) == text.n;
}

bool smtp_mailbox_parse_utf8(struct span text, struct smtp_mailbox *out)
{
    return text.n > 0 && mailbox_length(text, UTF8, out) == text.n;
}

bool smtp_domain_is_valid(struct span name)
{
    return name.n > 0 && domain_name_length(name, ASCII) == name.n;
}
