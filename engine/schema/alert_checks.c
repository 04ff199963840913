/* The checks of the tables for alerts and for the mail that the gateway makes itself. */
#include "engine/schema/schema.h"
#include "engine/smtp/address.h"

#define OWN_DOMAIN "@$hostname"

static const struct {
    const char *word, *name;
} classes[ALERT_CLASS_COUNT] = {
#define CLASS(id, word, name) [ALERT_CLASS_##id] = {word, name},
#include "engine/schema/alert_classes.def"
#undef CLASS
};

const char *schema_alert_class_name(enum alert_class alert_class)
{
    return classes[alert_class].name;
}

static unsigned class_bit(struct span word)
{
    for (unsigned i = 0; i < ALERT_CLASS_COUNT; i++)
        if (span_equal_nocase(word, span_text(classes[i].word)))
            return 1u << i;
    return 0;
}

unsigned schema_alert_classes(struct span text)
{
    unsigned found = 0;
    if (span_equal_nocase(text, SPAN("all")))
        return (1u << ALERT_CLASS_COUNT) - 1;
    for (;;) {
        size_t end = span_find(text, ',');
        unsigned bit = class_bit(span_trim(span_slice(text, 0, end)));
        if (!bit)
            return 0;
        found |= bit;
        if (end == text.n)
            return found;
        text = span_slice(text, end + 1, text.n);
    }
}

bool schema_check_alert_classes(struct span text, struct error *error)
{
    if (schema_alert_classes(text))
        return true;
    struct buf words = {0};
    for (unsigned i = 0; i < ALERT_CLASS_COUNT; i++)
        buf_printf(&words, "%s%s", i ? ", " : "", classes[i].word);
    error_set(error, "all, or some of %s with commas between them", buf_text(&words));
    buf_free(&words);
    return false;
}

bool schema_check_plain_mailbox(struct span text, struct error *error)
{
    struct smtp_mailbox mailbox;
    bool good = smtp_mailbox_parse(text, &mailbox) && mailbox.domain.n && span_find(text, '"') == text.n;
    return good || error_set(error, "an address, user@domain without quotes");
}

/* Words of RFC 5322 atoms, which need no quotes; or one text in quotes without further ones. */
static bool is_display_name(struct span name)
{
    static const char special[] = "()<>[]:;@\\,.\"";
    bool quoted = name.n > 2 && name.p[0] == '"' && name.p[name.n - 1] == '"';
    if (quoted)
        name = span_slice(name, 1, name.n - 2);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c < ' ' || c > '~' || (quoted ? c == '"' || c == '\\' : strchr(special, c) != NULL))
            return false;
    }
    return name.n > 0;
}

static bool is_from_address(struct span address)
{
    const struct span own = SPAN(OWN_DOMAIN);
    char text[SMTP_MAILBOX_MAX];
    struct error ignored;
    size_t local = address.n > own.n ? address.n - own.n : 0;
    if (!span_equal(span_slice(address, local, own.n), own) || address.n > sizeof text)
        return schema_check_plain_mailbox(address, &ignored);
    memcpy(text, address.p, address.n);
    memcpy(text + local, "@x.y", 4);
    return schema_check_plain_mailbox(span_of(text, local + 4), &ignored);
}

bool schema_check_from(struct span text, struct error *error)
{
    size_t start = span_find(text, '<');
    bool good;
    if (start == text.n) {
        good = is_from_address(text);
    } else {
        struct span name = span_trim(span_slice(text, 0, start));
        good = text.p[text.n - 1] == '>' && is_display_name(name) &&
               is_from_address(span_slice(text, start + 1, text.n - start - 2));
    }
    return good || error_set(error, "ADDRESS, NAME <ADDRESS> or \"NAME\" <ADDRESS> in US-ASCII, "
                                    "where the domain may be $hostname");
}

void schema_from_put(struct buf *out, struct span from, struct span hostname)
{
    size_t own = span_find_span(from, SPAN(OWN_DOMAIN));
    buf_append_span(out, span_slice(from, 0, own));
    if (own == from.n)
        return;
    buf_append_char(out, '@');
    buf_append_span(out, hostname);
    buf_append_span(out, span_slice(from, own + sizeof OWN_DOMAIN - 1, from.n));
}
