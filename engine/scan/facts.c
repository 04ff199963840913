/* Facts of structure: a table of names and the predicates behind them. */
#include "engine/scan/facts.h"

#include <stdbool.h>

#include "engine/scan/domain.h"

static bool html_only(const struct mime_view *v)
{
    return v->html_parts && !v->plain_parts;
}

static bool html_much_larger_than_text(const struct mime_view *v)
{
    return v->html_bytes > 20 * (uint64_t)(v->text.n + 1);
}

static bool hidden_text(const struct mime_view *v)
{
    return v->hidden.n > 0;
}

static bool mismatched_link(const struct mime_view *v)
{
    return v->mismatched_links > 0;
}

static bool has_form(const struct mime_view *v)
{
    return v->forms > 0;
}

static bool has_script(const struct mime_view *v)
{
    return v->scripts > 0;
}

static bool image_instead_of_text(const struct mime_view *v)
{
    return v->images && span_trim(v->text).n < 200;
}

static bool many_images(const struct mime_view *v)
{
    return v->images > 5;
}

static bool has_link(const struct mime_view *v)
{
    return v->links || v->url_count;
}

static bool many_links(const struct mime_view *v)
{
    return v->links > 10;
}

static bool no_text(const struct mime_view *v)
{
    return span_trim(v->text).n == 0;
}

static bool long_text(const struct mime_view *v)
{
    return v->text.n > 8192;
}

static bool has_attachment(const struct mime_view *v)
{
    return v->attachment_count > 0;
}

static bool span_ends_nocase(struct span s, const char *end)
{
    struct span e = span_text(end);
    return s.n >= e.n && span_equal_nocase(span_slice(s, s.n - e.n, e.n), e);
}

static bool attachment_ends_in(const struct mime_view *v, const char *const *endings)
{
    for (size_t i = 0; i < v->attachment_count; i++)
        for (const char *const *e = endings; *e; e++)
            if (span_ends_nocase(v->attachments[i].name, *e))
                return true;
    return false;
}

static bool program_attached(const struct mime_view *v)
{
    static const char *const endings[] = {".exe", ".scr", ".pif", ".com", ".bat", ".cmd", ".vbs",
                                          ".js",  ".jse", ".wsf", ".hta", ".lnk", ".msi", NULL};
    return attachment_ends_in(v, endings);
}

static bool web_page_attached(const struct mime_view *v)
{
    static const char *const endings[] = {".htm", ".html", ".shtml", ".svg", NULL};
    return attachment_ends_in(v, endings);
}

static bool lacks(const struct mime_view *v, const char *name)
{
    const struct mime_header *h = mime_view_header(v, name);
    return !h || span_trim(h->value).n == 0;
}

static bool no_message_id(const struct mime_view *v)
{
    return lacks(v, "Message-ID");
}

static bool no_date(const struct mime_view *v)
{
    return lacks(v, "Date");
}

static bool no_subject(const struct mime_view *v)
{
    return lacks(v, "Subject");
}

static bool no_recipient_named(const struct mime_view *v)
{
    return lacks(v, "To") && lacks(v, "Cc");
}

static bool is_reply(const struct mime_view *v)
{
    return !lacks(v, "In-Reply-To") || !lacks(v, "References");
}

static bool is_list_mail(const struct mime_view *v)
{
    return !lacks(v, "List-Id") || !lacks(v, "List-Post");
}

static bool subject_in_capitals(const struct mime_view *v)
{
    const struct mime_header *h = mime_view_header(v, "Subject");
    unsigned upper = 0, lower = 0;
    for (size_t i = 0; h && i < h->decoded.n; i++) {
        char c = h->decoded.p[i];
        upper += c >= 'A' && c <= 'Z';
        lower += c >= 'a' && c <= 'z';
    }
    return upper >= 8 && upper > 4 * lower;
}

static bool reply_goes_elsewhere(const struct mime_view *v)
{
    struct scan_host from_room, reply_room;
    struct span from = scan_address_domain(v, "From"), reply = scan_address_domain(v, "Reply-To");
    return reply.n && !span_equal_nocase(from, reply) &&
           !span_equal(scan_registered_domain(from, &from_room), scan_registered_domain(reply, &reply_room));
}

static bool broken_encoding(const struct mime_view *v)
{
    return v->flags & MIME_BROKEN_ENCODING;
}

static bool broken_structure(const struct mime_view *v)
{
    return v->flags & (MIME_BROKEN_STRUCTURE | MIME_NUL_BYTES);
}

static bool unknown_charset(const struct mime_view *v)
{
    return v->flags & MIME_UNKNOWN_CHARSET;
}

/* The order is part of the feature version. */
static const struct {
    const char *name;
    bool (*holds)(const struct mime_view *v);
} facts[] = {
    {"html only", html_only},
    {"html much larger than its text", html_much_larger_than_text},
    {"hidden text", hidden_text},
    {"link to another host than shown", mismatched_link},
    {"form", has_form},
    {"script", has_script},
    {"image instead of text", image_instead_of_text},
    {"many images", many_images},
    {"link", has_link},
    {"many links", many_links},
    {"no text", no_text},
    {"long text", long_text},
    {"attachment", has_attachment},
    {"program attached", program_attached},
    {"web page attached", web_page_attached},
    {"no message-id", no_message_id},
    {"no date", no_date},
    {"no subject", no_subject},
    {"no recipient named", no_recipient_named},
    {"reply", is_reply},
    {"list mail", is_list_mail},
    {"subject in capitals", subject_in_capitals},
    {"reply goes elsewhere", reply_goes_elsewhere},
    {"broken encoding", broken_encoding},
    {"broken structure", broken_structure},
    {"unknown charset", unknown_charset},
};

_Static_assert(sizeof facts / sizeof facts[0] == SCAN_FACT_COUNT,
               "SCAN_FACT_COUNT is the length of the table");
_Static_assert(SCAN_FACT_COUNT <= 64, "the facts fit a 64-bit set");

uint64_t scan_facts_of(const struct mime_view *view)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        if (facts[i].holds(view))
            set |= UINT64_C(1) << i;
    return set;
}

const char *scan_fact_name(unsigned fact)
{
    return facts[fact].name;
}
