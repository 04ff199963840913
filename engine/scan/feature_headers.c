/* What the header block tells: its words, the order and writing of its names, the patterns of its ids, and the hops
 * before ours.
 */
#include "engine/scan/feature_sink.h"

enum {
    HEADER_BYTES = 4096, /* of all headers but From and Subject */
    NAME_BYTES = 64,
    ORDERED_NAMES = 100,
    SHAPED_BYTES = 160,
    SHAPE_BYTES = 200,
    SHAPE_RUN = 5,
    MAX_RECEIVED = 100,
    RECEIVED_BYTES = 600,
};

enum header_use { HEADER_FULL, HEADER_NAME_ONLY, HEADER_SKIPPED };

/* Headers that are not looked at in full; a name that ends in '-' stands for all that begin so. */
static const struct {
    const char *name;
    enum header_use use;
} header_uses[] = {
    /* families of their own */
    {"from", HEADER_SKIPPED},
    {"subject", HEADER_SKIPPED},
    /* written or determined by the receiving side */
    {"received", HEADER_SKIPPED},
    {"received-", HEADER_SKIPPED},
    {"return-path", HEADER_SKIPPED},
    {"delivered-to", HEADER_SKIPPED},
    {"delivery-date", HEADER_SKIPPED},
    {"replied", HEADER_SKIPPED},
    {"forwarded", HEADER_SKIPPED},
    {"envelope-to", HEADER_SKIPPED},
    {"x-original-to", HEADER_SKIPPED},
    {"x-envelope-", HEADER_SKIPPED},
    {"to", HEADER_SKIPPED},
    {"cc", HEADER_SKIPPED},
    {"bcc", HEADER_SKIPPED},
    {"apparently-to", HEADER_SKIPPED},
    {"authentication-results", HEADER_SKIPPED},
    {"arc-", HEADER_SKIPPED},
    {"status", HEADER_SKIPPED},
    {"x-status", HEADER_SKIPPED},
    {"x-keywords", HEADER_SKIPPED},
    {"x-uid", HEADER_SKIPPED},
    {"x-uidl", HEADER_SKIPPED},
    {"x-loop", HEADER_SKIPPED},
    {"lines", HEADER_SKIPPED},
    {"content-length", HEADER_SKIPPED},
    /* verdicts of other filters */
    {"x-spam", HEADER_SKIPPED},
    {"x-spam-", HEADER_SKIPPED},
    {"x-bogosity", HEADER_SKIPPED},
    {"x-ms-", HEADER_SKIPPED},
    {"x-microsoft-", HEADER_SKIPPED},
    {"x-forefront-", HEADER_SKIPPED},
    {"x-google-", HEADER_SKIPPED},
    {"x-gm-", HEADER_SKIPPED},
    {"x-ironport-", HEADER_SKIPPED},
    {"ironport-", HEADER_SKIPPED},
    {"x-virus-", HEADER_SKIPPED},
    {"x-amavis-", HEADER_SKIPPED},
    {"x-amavisstatus", HEADER_SKIPPED},
    {"xstatus", HEADER_SKIPPED},
    {"xlevel", HEADER_SKIPPED},
    {"xchecker-", HEADER_SKIPPED},
    {"x-mailward-", HEADER_SKIPPED},
    {"x-advertisement", HEADER_SKIPPED},
    /* their values are unlike in every message, or name one list */
    {"date", HEADER_SKIPPED},
    {"dkim-signature", HEADER_NAME_ONLY},
    {"domainkey-signature", HEADER_NAME_ONLY},
    {"references", HEADER_NAME_ONLY},
    {"in-reply-to", HEADER_NAME_ONLY},
    {"list-", HEADER_NAME_ONLY},
    {"x-mailman-", HEADER_NAME_ONLY},
    {"x-beenthere", HEADER_NAME_ONLY},
    {"errors-to", HEADER_NAME_ONLY},
    {"sender", HEADER_NAME_ONLY},
};

static enum header_use header_use_of(struct span name)
{
    for (size_t i = 0; i < sizeof header_uses / sizeof header_uses[0]; i++) {
        if (name.n && ascii_lower(name.p[0]) != header_uses[i].name[0]) /* spares most of the work */
            continue;
        struct span entry = span_text(header_uses[i].name);
        bool prefix = entry.p[entry.n - 1] == '-';
        if (prefix ? span_starts_nocase(name, entry) : span_equal_nocase(name, entry))
            return header_uses[i].use;
    }
    return HEADER_FULL;
}

/* Returns how many bytes were looked at. */
static size_t add_header(struct feature_sink *sink, const struct mime_header *h)
{
    enum header_use use = header_use_of(h->name);
    if (use == HEADER_SKIPPED)
        return 0;
    struct span name = feature_fold(span_slice(h->name, 0, NAME_BYTES), sink->scratch);
    uint64_t name_hash = scan_hash_bytes(feature_seed(FEATURE_NAME, SCAN_HEADERS), name);
    feature_add(sink, name_hash);
    if (use == HEADER_NAME_ONLY)
        return NAME_BYTES;
    struct span value = feature_fold(span_slice(h->decoded, 0, FEATURE_ONE_HEADER_BYTES), sink->scratch);
    feature_add_grams(sink, value, feature_seed(FEATURE_GRAM, SCAN_HEADERS));
    feature_add_words(sink, value, name_hash + FEATURE_WORD, name_hash + FEATURE_PAIR);
    return NAME_BYTES + value.n;
}

void feature_add_headers(struct feature_sink *sink)
{
    const struct mime_view *view = sink->input->view;
    size_t used = 0;
    for (size_t i = 0; i < view->header_count && used < HEADER_BYTES; i++)
        used += add_header(sink, &view->headers[i]);
}

/* ---- order ---- */

/* Skipped for what they hold, but the sender's program put them where they are. */
static bool has_a_place(struct span name)
{
    static const char *const names[] = {"To", "From", "Subject", "Date", "Cc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (span_equal_nocase(name, span_text(names[i])))
            return true;
    return header_use_of(name) != HEADER_SKIPPED;
}

void feature_add_header_order(struct feature_sink *sink)
{
    const struct mime_view *view = sink->input->view;
    uint64_t before = 0, before_that = 0;
    for (size_t i = 0; i < view->header_count && i < ORDERED_NAMES; i++) {
        struct span name = span_slice(view->headers[i].name, 0, NAME_BYTES);
        if (!has_a_place(name))
            continue;
        uint64_t hash = scan_hash_bytes(feature_seed(FEATURE_NAME, SCAN_HEADER_ORDER), name);
        feature_add(sink, hash);
        if (before)
            feature_add(sink, scan_hash_mix(hash ^ before * 3));
        if (before_that)
            feature_add(sink, scan_hash_mix(hash ^ before_that * 7));
        before_that = before;
        before = hash;
    }
}

/* ---- shapes ---- */

static char kind_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return 'A';
    if (c >= 'a' && c <= 'z')
        return 'a';
    if (c >= '0' && c <= '9')
        return '0';
    if ((unsigned char)c >= 0x80)
        return FEATURE_FOREIGN;
    return c > ' ' ? c : ' ';
}

/* Kinds of bytes, runs of one kind cut to longest. */
static struct span shape_of(struct span s, unsigned longest, char out[SHAPE_BYTES])
{
    struct span shape = {out, 0};
    char previous = 0;
    unsigned run = 0;
    for (size_t i = 0; i < s.n && shape.n < SHAPE_BYTES; i++) {
        char kind = kind_of(s.p[i]);
        run = kind == previous ? run + 1 : 1;
        if (run <= longest)
            out[shape.n++] = kind;
        previous = kind;
    }
    return shape;
}

/* The pattern as a whole, without lengths, and its parts with them. */
static void add_shape(struct feature_sink *sink, unsigned thing, struct span value)
{
    char room[SHAPE_BYTES];
    uint64_t seed = feature_seed(FEATURE_SHAPE, SCAN_SHAPES) << 8 | thing;
    feature_add(sink, scan_hash_bytes(seed, shape_of(value, 1, room)));
    struct span shape = shape_of(value, 3, room);
    for (size_t i = 0; i + SHAPE_RUN <= shape.n; i++)
        feature_add(sink, scan_hash_bytes(seed + FEATURE_GRAM * 256, span_slice(shape, i, SHAPE_RUN)));
}

void feature_add_shapes(struct feature_sink *sink)
{
    static const char *const names[] = {"Message-ID",   "From",     "Date",    "Subject",
                                        "Content-Type", "Reply-To", "X-Mailer"};
    enum { COUNT = sizeof names / sizeof names[0], BOUNDARY = COUNT };
    for (unsigned i = 0; i < COUNT; i++) {
        const struct mime_header *h = mime_view_header(sink->input->view, names[i]);
        add_shape(sink, i, h ? span_slice(h->decoded, 0, SHAPED_BYTES) : (struct span){0});
    }
    const struct mime_header *type = mime_view_header(sink->input->view, "Content-Type");
    struct span rest = type ? type->decoded : (struct span){0};
    rest = span_slice(rest, span_find_span(rest, SPAN("boundary=")), SHAPED_BYTES);
    if (rest.n) {
        add_shape(sink, BOUNDARY, rest);
        feature_add_grams(sink, feature_fold(rest, sink->scratch), feature_seed(FEATURE_GRAM, SCAN_SHAPES));
    }
}

/* ---- the hops before ours ---- */

/* What a hop writes of who it had the mail from. */
static const char *const hop_marks[] = {
    "(unknown ", " unknown ", "helo ",  "helo=",     "(hello", "(qmail",  "(authenticated", "localhost",
    "127.0.0.0", "[000.000.", "forged", "from user", "from [", "invoked", "(envelope-from", "webmail",
    ".com (",    "cable",     "dsl",    "dial",      "pool",   "dyn",     "dhcp",           "ppp",
};

/* The lines of the hops before ours, the latest first; returns how many there are. */
static size_t earlier_hops(const struct feature_sink *sink, struct span hops[MAX_RECEIVED])
{
    const struct mime_view *view = sink->input->view;
    size_t count = 0;
    bool ours = sink->input->own_trace.n == 0;
    for (size_t i = 0; i < view->header_count && count < MAX_RECEIVED; i++) {
        if (!span_equal_nocase(view->headers[i].name, SPAN("Received")))
            continue;
        if (!ours)
            hops[count++] = view->headers[i].decoded;
        ours = false;
    }
    return count;
}

static struct span folded_hop(struct feature_sink *sink, struct span received)
{
    return feature_fold(span_slice(received, 0, RECEIVED_BYTES), sink->scratch);
}

/* Who wrote the line is left out with all behind " by ": towards the end of the way that is the receiving side. */
static struct span sender_of_hop(struct span line)
{
    return span_slice(line, 0, span_find_span(line, SPAN(" by ")));
}

void feature_add_received(struct feature_sink *sink)
{
    struct span hops[MAX_RECEIVED];
    size_t count = earlier_hops(sink, hops);
    if (count == 0)
        return;
    struct span line = folded_hop(sink, hops[count - 1]);
    feature_add_text(sink, SCAN_RECEIVED, sender_of_hop(line));
    struct span with = span_slice(line, span_find_span(line, SPAN(" with ")) + 6, NAME_BYTES);
    struct span protocol = feature_next_word(&with);
    if (protocol.n)
        feature_add(sink, scan_hash_bytes(feature_seed(FEATURE_NAME, SCAN_RECEIVED), protocol));
}

void feature_add_hops(struct feature_sink *sink)
{
    struct span hops[MAX_RECEIVED];
    size_t count = earlier_hops(sink, hops);
    uint64_t seed = feature_seed(FEATURE_FACT, SCAN_HOPS) << 32;
    for (size_t hop = 0; hop < count; hop++) {
        struct span from = sender_of_hop(folded_hop(sink, hops[hop]));
        for (unsigned i = 0; i < sizeof hop_marks / sizeof hop_marks[0]; i++) {
            if (span_find_span(from, span_text(hop_marks[i])) == from.n)
                continue;
            feature_add(sink, scan_hash_mix(seed | i));
            if (hop + 1 == count) /* the first one, which is the sender's */
                feature_add(sink, scan_hash_mix(seed | 256 | i));
        }
    }
}
