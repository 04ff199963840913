/* How much there is of what, and how recipient, sender, links and ids go together. */
#include "engine/scan/feature_sink.h"

/* ---- sizes ---- */

/* Kinds of bytes in the begin of the text. */
struct byte_kinds {
    uint64_t upper, lower, digits, exclamation_marks, lines, foreign, dollars, quoted_lines;
};

static void count_kinds(struct span text, struct byte_kinds *kinds)
{
    bool line_begins = true;
    *kinds = (struct byte_kinds){0};
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        kinds->upper += c >= 'A' && c <= 'Z';
        kinds->lower += c >= 'a' && c <= 'z';
        kinds->digits += c >= '0' && c <= '9';
        kinds->exclamation_marks += c == '!';
        kinds->lines += c == '\n';
        kinds->foreign += c >= 0x80;
        kinds->dollars += c == '$';
        kinds->quoted_lines += line_begins && c == '>';
        line_begins = c == '\n';
    }
}

/* The place in the list names the thing: new ones go to its end. */
void feature_add_sizes(struct feature_sink *sink)
{
    const struct mime_view *v = sink->input->view;
    struct span text = span_slice(v->text, 0, FEATURE_TEXT_BYTES);
    struct byte_kinds k;
    count_kinds(text, &k);
    uint64_t bytes = text.n + 1, letters = k.upper + k.lower;
    const uint64_t sizes[] = {
        v->text.n,
        v->url_count,
        v->links,
        v->images,
        v->html_bytes,
        v->parts,
        v->attachment_bytes,
        v->hidden.n,
        v->header_count,
        8 * v->html_bytes / (v->text.n + 1),
        sink->input->body.n,
        64 * k.upper / (letters + 1),
        128 * k.digits / bytes,
        k.exclamation_marks,
        512 * k.exclamation_marks / bytes,
        text.n / (k.lines + 1),
        64 * k.foreign / bytes,
        k.dollars,
        k.quoted_lines,
        100 * (text.n - letters - k.digits) / bytes,
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        feature_add_size(sink, SCAN_SIZES, i, sizes[i]);
}

/* ---- relations ---- */

enum relation {
    NAMED_IN_SUBJECT, /* the part before the '@' of the first recipient */
    NAMED_IN_TEXT,
    NAMED_IN_FROM,
    NAMED_IN_URL,
    RECIPIENT_WITH_NAME,
    SENDER_WITHOUT_DOMAIN,
    LINKS_TO_SENDER,
    LINKS_ELSEWHERE,
    LINKS_TO_SENDER_ONLY,
    LINKS_ELSEWHERE_ONLY,
    ID_OF_SENDER,
    ID_OF_ANOTHER,
    CAME_FROM_SENDER,
    CAME_FROM_ANOTHER,
};

enum { NAME_BYTES = 64, RECEIVED_BYTES = 200, MAX_URLS = 64, MAX_HEADERS = 1000, TO_COUNT = 0, CC_COUNT };

static void relate(struct feature_sink *sink, enum relation relation)
{
    feature_add(sink, scan_hash_mix(feature_seed(FEATURE_FACT, SCAN_RELATIONS) << 32 | relation));
}

static struct span decoded(const struct feature_sink *sink, const char *name)
{
    const struct mime_header *h = mime_view_header(sink->input->view, name);
    return h ? h->decoded : (struct span){0};
}

static bool holds(struct span folded, struct span what)
{
    return span_find_span(folded, what) < folded.n;
}

static bool header_holds(struct feature_sink *sink, const char *name, struct span what)
{
    return holds(feature_fold(span_slice(decoded(sink, name), 0, FEATURE_ONE_HEADER_BYTES), sink->scratch),
                 what);
}

static struct span folded_url(struct feature_sink *sink, size_t i)
{
    return feature_fold(span_slice(sink->input->view->urls[i].target, 0, FEATURE_ONE_URL_BYTES),
                        sink->scratch);
}

static size_t url_count(const struct feature_sink *sink)
{
    size_t count = sink->input->view->url_count;
    return count < MAX_URLS ? count : MAX_URLS;
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static void add_recipient(struct feature_sink *sink)
{
    char room[NAME_BYTES + 2];
    struct span to = decoded(sink, "To");
    size_t at = span_find(to, '@'), begin = at;
    while (begin && !is_one_of(to.p[begin - 1], " <,\"'("))
        begin--;
    if (at == to.n || at - begin < 3)
        return;
    struct span name = span_trim(
        feature_fold(span_slice(to, begin, at - begin < NAME_BYTES ? at - begin : NAME_BYTES), room));
    if (header_holds(sink, "Subject", name))
        relate(sink, NAMED_IN_SUBJECT);
    if (holds(sink->text, name))
        relate(sink, NAMED_IN_TEXT);
    if (header_holds(sink, "From", name))
        relate(sink, NAMED_IN_FROM);
    bool in_url = false;
    for (size_t i = 0; i < url_count(sink) && !in_url; i++)
        in_url = holds(folded_url(sink, i), name);
    if (in_url)
        relate(sink, NAMED_IN_URL);
    if (begin > 3 && to.p[begin - 1] == '<')
        relate(sink, RECIPIENT_WITH_NAME);
}

/* The last two labels of the domain of From, folded into room; empty when there is none. */
static struct span sender_domain(const struct feature_sink *sink, char room[NAME_BYTES + 2])
{
    struct span from = decoded(sink, "From");
    size_t begin = from.n, end, dots = 0;
    while (begin && from.p[begin - 1] != '@')
        begin--;
    if (begin == 0)
        return (struct span){0};
    for (end = begin; end < from.n && !is_one_of(from.p[end], "> (,\""); end++)
        ;
    size_t label = end;
    while (label > begin && (from.p[label - 1] != '.' || ++dots < 2))
        label--;
    size_t size = end - label;
    return span_trim(feature_fold(span_slice(from, label, size < NAME_BYTES ? size : NAME_BYTES), room));
}

static bool ends_in(struct span s, struct span end)
{
    return s.n >= end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static void add_links(struct feature_sink *sink, struct span sender)
{
    bool same = false, other = false;
    for (size_t i = 0; i < url_count(sink); i++) {
        bool equal = ends_in(feature_url_host(span_trim(folded_url(sink, i))), sender);
        same |= equal;
        other |= !equal;
    }
    if (same)
        relate(sink, LINKS_TO_SENDER);
    if (other)
        relate(sink, LINKS_ELSEWHERE);
    if (same && !other)
        relate(sink, LINKS_TO_SENDER_ONLY);
    if (other && !same)
        relate(sink, LINKS_ELSEWHERE_ONLY);
}

static bool hop_holds(struct feature_sink *sink, struct span received, struct span what)
{
    return holds(feature_fold(span_slice(received, 0, RECEIVED_BYTES), sink->scratch), what);
}

/* Whether any hop, or who handed the mail to us, had to do with the sender's domain. */
static void add_way(struct feature_sink *sink, struct span sender)
{
    const struct mime_view *v = sink->input->view;
    struct span ours = sink->input->own_trace;
    bool any = ours.n > 0, found = any && hop_holds(sink, ours, sender);
    for (size_t i = 0; i < v->header_count && i < MAX_HEADERS && !found; i++) {
        if (!span_equal_nocase(v->headers[i].name, SPAN("Received")))
            continue;
        any = true;
        found = hop_holds(sink, v->headers[i].decoded, sender);
    }
    if (any)
        relate(sink, found ? CAME_FROM_SENDER : CAME_FROM_ANOTHER);
}

static uint64_t count_addresses(struct span header)
{
    uint64_t count = 0;
    for (size_t i = 0; i < header.n; i++)
        count += header.p[i] == '@';
    return count;
}

void feature_add_relations(struct feature_sink *sink)
{
    char room[NAME_BYTES + 2];
    feature_add_size(sink, SCAN_RELATIONS, TO_COUNT, count_addresses(decoded(sink, "To")));
    feature_add_size(sink, SCAN_RELATIONS, CC_COUNT, count_addresses(decoded(sink, "Cc")));
    add_recipient(sink);
    struct span sender = sender_domain(sink, room);
    if (sender.n == 0) {
        relate(sink, SENDER_WITHOUT_DOMAIN);
        return;
    }
    add_links(sink, sender);
    relate(sink, header_holds(sink, "Message-ID", sender) ? ID_OF_SENDER : ID_OF_ANOTHER);
    add_way(sink, sender);
}
