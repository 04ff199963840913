/* How recipient, sender, links and ids go together.
 *
 * Whose a host is, is told by its registered domain.  Return-Path is not looked at: whether it is there tells where
 * mail was collected.
 */
#include "engine/mime/url.h"
#include "engine/scan/domain.h"
#include "engine/scan/feature_sink.h"

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
    ANSWER_TO_SENDER,
    ANSWER_TO_ANOTHER,
    LINK_SHOWS_ANOTHER, /* its text names another registered domain than it leads to */
    SENDER_IN_OTHER_HOST,
    LINK_TO_ADDRESS, /* to a number instead of a name */
    INTERNATIONAL_LINK,
    MISLEADING_NAME,
    LINK_UNREGISTERED, /* to a name that nobody registered: localhost, a public suffix */
};

enum { NAME_BYTES = 64, RECEIVED_BYTES = 200, MAX_URLS = 64, MAX_HEADERS = 1000 };
enum { TO_COUNT, CC_COUNT, LINK_DOMAIN_COUNT };

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

/* What is found out about all links. */
struct links {
    struct span sender; /* registered domain of From */
    uint64_t domains;   /* a bit for each, by its hash */
    bool same, other;
};

static void add_link(struct feature_sink *sink, struct links *links, const struct mime_url *url)
{
    struct scan_host host, shown;
    enum scan_host_kind kind = scan_host_read(url_host(url->target), &host);
    bool same = span_equal(host.domain, links->sender);
    links->same |= same;
    links->other |= !same;
    if (kind == SCAN_HOST_ADDRESS)
        relate(sink, LINK_TO_ADDRESS);
    if (kind == SCAN_HOST_UNREGISTERED)
        relate(sink, LINK_UNREGISTERED);
    if (kind != SCAN_HOST_REGISTERED)
        return;
    links->domains |= UINT64_C(1) << (scan_hash_bytes(0, host.domain) >> 58);
    scan_host_read(url_host(span_trim(url->text)), &shown);
    if (shown.domain.n && !span_equal(shown.domain, host.domain))
        relate(sink, LINK_SHOWS_ANOTHER);
    if (!same && holds(host.name, links->sender))
        relate(sink, SENDER_IN_OTHER_HOST);
    if (holds(host.domain, SPAN("xn--")))
        relate(sink, INTERNATIONAL_LINK);
    if (scan_domain_misleads(host.domain))
        relate(sink, MISLEADING_NAME);
}

static void add_links(struct feature_sink *sink, struct span sender)
{
    const struct mime_view *view = sink->input->view;
    struct links links = {.sender = sender};
    struct span before = {0};
    for (size_t i = 0; i < url_count(sink); i++) {
        struct span host = url_host(view->urls[i].target);
        if (i == 0 || view->urls[i].text.n || !span_equal(host, before))
            add_link(sink, &links, &view->urls[i]);
        before = host;
    }
    feature_add_size(sink, SCAN_RELATIONS, LINK_DOMAIN_COUNT, (uint64_t)__builtin_popcountll(links.domains));
    if (links.same)
        relate(sink, LINKS_TO_SENDER);
    if (links.other)
        relate(sink, LINKS_ELSEWHERE);
    if (links.same && !links.other)
        relate(sink, LINKS_TO_SENDER_ONLY);
    if (links.other && !links.same)
        relate(sink, LINKS_ELSEWHERE_ONLY);
}

static void add_answer(struct feature_sink *sink, struct span sender)
{
    struct scan_host room;
    struct span reply = scan_registered_domain(scan_address_domain(sink->input->view, "Reply-To"), &room);
    if (reply.n)
        relate(sink, span_equal(reply, sender) ? ANSWER_TO_SENDER : ANSWER_TO_ANOTHER);
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
    struct scan_host room;
    feature_add_size(sink, SCAN_RELATIONS, TO_COUNT, count_addresses(decoded(sink, "To")));
    feature_add_size(sink, SCAN_RELATIONS, CC_COUNT, count_addresses(decoded(sink, "Cc")));
    add_recipient(sink);
    struct span sender = scan_registered_domain(scan_address_domain(sink->input->view, "From"), &room);
    if (sender.n == 0) {
        relate(sink, SENDER_WITHOUT_DOMAIN);
        return;
    }
    if (scan_domain_misleads(sender))
        relate(sink, MISLEADING_NAME);
    add_answer(sink, sender);
    add_links(sink, sender);
    if (decoded(sink, "Message-ID").n) /* a lack of it is a fact of its own */
        relate(sink, header_holds(sink, "Message-ID", sender) ? ID_OF_SENDER : ID_OF_ANOTHER);
    add_way(sink, sender);
}
