/* From the view to a set of feature numbers, family by family.
 *
 * Text is folded first: letters to lower case, every digit to 0 and every run of blanks to one, because ids, dates
 * and amounts differ from message to message and the years of a training corpus must not become evidence.
 * Nothing that holds a byte outside ASCII becomes a feature: a corpus in one language would only teach "foreign".
 */
#include "engine/scan/features.h"

#include <math.h>
#include <stdbool.h>

#include "engine/scan/facts.h"
#include "engine/scan/hash.h"

enum {
    MAX_FEATURES = 32768,   /* rules come after, and have room of their own */
    HEADER_BYTES = 4096,    /* of all headers but From and Subject */
    ONE_HEADER_BYTES = 512, /* of one header */
    TEXT_BYTES = 8192,
    URL_BYTES = 2048,
    ONE_URL_BYTES = 256,
    LONGEST_WORD = 24,
    FOREIGN = 1, /* stands for a byte outside ASCII in folded text */
};

/* What a hash stands for, so that equal bytes of different meaning are different features. */
enum purpose { GRAM = 1, WORD, PAIR, FACT, HEADER_NAME, HEADER_WORD, HOST, DOMAIN };

struct extractor {
    uint64_t *seen; /* a bit for each possible feature */
    uint32_t *ids;
    uint32_t count;
};

static void add(struct extractor *x, uint64_t hash)
{
    uint32_t id = (uint32_t)(hash >> (64 - SCAN_FEATURE_BITS));
    uint64_t bit = UINT64_C(1) << (id % 64);
    if (x->seen[id / 64] & bit || x->count == MAX_FEATURES)
        return;
    x->seen[id / 64] |= bit;
    x->ids[x->count++] = id;
}

static uint64_t seed_of(enum purpose purpose, enum scan_family family)
{
    return (uint64_t)purpose << 8 | (uint64_t)family;
}

static char fold_byte(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return '0';
    if (c <= ' ' || c == 0x7f)
        return ' ';
    return c >= 0x80 ? FOREIGN : ascii_lower((char)c);
}

/* Folds s into out, which has room for s.n + 2 bytes; begins and ends with a blank. */
static struct span fold(struct span s, char *out)
{
    size_t n = 0;
    out[n++] = ' ';
    for (size_t i = 0; i < s.n; i++) {
        char c = fold_byte((unsigned char)s.p[i]);
        if (c != ' ' || out[n - 1] != ' ')
            out[n++] = c;
    }
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    return (struct span){out, n};
}

/* Every run of four bytes of folded text. */
static void add_grams(struct extractor *x, struct span folded, uint64_t seed)
{
    uint32_t window = 0;
    unsigned filled = 0;
    for (size_t i = 0; i < folded.n; i++) {
        filled = folded.p[i] == FOREIGN ? 0 : filled + 1;
        window = window << 8 | (unsigned char)folded.p[i];
        if (filled >= 4)
            add(x, scan_hash_mix(seed << 32 | window));
    }
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || c == '0' || c == '$' || c == '!' || c == '%' || c == '-' || c == '\'' ||
           c == FOREIGN;
}

/* Takes the next word off the front of folded text; empty at the end.  Words with foreign bytes are passed over. */
static struct span next_word(struct span *rest)
{
    size_t i = 0;
    while (i < rest->n) {
        bool foreign = false;
        while (i < rest->n && !is_word_byte(rest->p[i]))
            i++;
        size_t begin = i;
        for (; i < rest->n && is_word_byte(rest->p[i]); i++)
            foreign |= rest->p[i] == FOREIGN;
        if (i > begin && !foreign) {
            struct span word = {rest->p + begin, i - begin < LONGEST_WORD ? i - begin : LONGEST_WORD};
            *rest = span_slice(*rest, i, rest->n);
            return word;
        }
    }
    *rest = (struct span){0};
    return (struct span){0};
}

/* Words, and pairs of neighbours. */
static void add_words(struct extractor *x, struct span folded, uint64_t word_seed, uint64_t pair_seed)
{
    uint64_t previous = 0;
    for (struct span word = next_word(&folded); word.n; word = next_word(&folded)) {
        uint64_t hash = scan_hash_bytes(word_seed, word);
        add(x, hash);
        if (previous)
            add(x, scan_hash_mix(pair_seed ^ hash ^ previous * 3));
        previous = hash;
    }
}

static void add_text(struct extractor *x, enum scan_family family, struct span text, char *scratch)
{
    struct span folded = fold(span_slice(text, 0, TEXT_BYTES), scratch);
    add_grams(x, folded, seed_of(GRAM, family));
    add_words(x, folded, seed_of(WORD, family), seed_of(PAIR, family));
}

static void add_first_header(struct extractor *x, enum scan_family family, const struct mime_view *view,
                             const char *name, char *scratch)
{
    const struct mime_header *h = mime_view_header(view, name);
    if (h)
        add_text(x, family, span_slice(h->decoded, 0, ONE_HEADER_BYTES), scratch);
}

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
        struct span entry = span_text(header_uses[i].name);
        bool prefix = entry.p[entry.n - 1] == '-';
        if (prefix ? span_starts_nocase(name, entry) : span_equal_nocase(name, entry))
            return header_uses[i].use;
    }
    return HEADER_FULL;
}

/* Returns how many bytes were looked at. */
static size_t add_header(struct extractor *x, const struct mime_header *h, char *scratch)
{
    enum header_use use = header_use_of(h->name);
    if (use == HEADER_SKIPPED)
        return 0;
    struct span name = fold(span_slice(h->name, 0, 64), scratch);
    uint64_t name_hash = scan_hash_bytes(seed_of(HEADER_NAME, SCAN_HEADERS), name);
    add(x, name_hash);
    if (use == HEADER_NAME_ONLY)
        return 64;
    struct span value = fold(span_slice(h->decoded, 0, ONE_HEADER_BYTES), scratch);
    add_grams(x, value, seed_of(GRAM, SCAN_HEADERS));
    add_words(x, value, name_hash + HEADER_WORD, name_hash + PAIR);
    return 64 + value.n;
}

static void add_headers(struct extractor *x, const struct mime_view *view, char *scratch)
{
    size_t used = 0;
    for (size_t i = 0; i < view->header_count && used < HEADER_BYTES; i++)
        used += add_header(x, &view->headers[i], scratch);
}

/* The host of a URL without user and port. */
static struct span url_host(struct span url)
{
    size_t scheme = span_find_span(url, SPAN("//"));
    struct span rest = scheme < url.n ? span_slice(url, scheme + 2, url.n) : url;
    size_t end = 0, at = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
        if (rest.p[end++] == '@')
            at = end;
    struct span host = span_slice(rest, at, end - at);
    return span_slice(host, 0, span_find(host, ':'));
}

/* The host, and each domain that it is in: a.b.example, b.example, example. */
static void add_host(struct extractor *x, struct span host)
{
    add(x, scan_hash_bytes(seed_of(HOST, SCAN_URLS), host));
    for (size_t i = 0; i < host.n; i++)
        if (i == 0 || host.p[i - 1] == '.')
            add(x, scan_hash_bytes(seed_of(DOMAIN, SCAN_URLS), span_slice(host, i, host.n)));
}

static void add_urls(struct extractor *x, const struct mime_view *view, char *scratch)
{
    size_t used = 0;
    for (size_t i = 0; i < view->url_count && used < URL_BYTES; i++) {
        struct span url = fold(span_slice(view->urls[i].target, 0, ONE_URL_BYTES), scratch);
        add_host(x, url_host(span_trim(url)));
        add_grams(x, url, seed_of(GRAM, SCAN_URLS));
        add_words(x, url, seed_of(WORD, SCAN_URLS), seed_of(PAIR, SCAN_URLS));
        used += url.n;
    }
}

static void add_attachments(struct extractor *x, const struct mime_view *view, char *scratch)
{
    for (size_t i = 0; i < view->attachment_count; i++) {
        add_text(x, SCAN_ATTACHMENTS, span_slice(view->attachments[i].type, 0, 64), scratch);
        add_text(x, SCAN_ATTACHMENTS, span_slice(view->attachments[i].name, 0, 64), scratch);
    }
}

/* Written without a look at what is there, so that the i-th fact that holds is the i-th feature. */
static void add_facts(struct extractor *x, uint64_t facts)
{
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++) {
        uint64_t hash = scan_hash_mix(seed_of(FACT, SCAN_FACTS) << 32 | i);
        if (facts >> i & 1)
            x->ids[x->count++] = (uint32_t)(hash >> (64 - SCAN_FEATURE_BITS));
    }
}

/* The same for the hits. */
static void add_rules(struct extractor *x, const struct scan_rules *rules, const struct scan_hits *hits)
{
    for (uint32_t i = 0; hits && i < hits->count; i++) {
        struct scan_rule_info info;
        scan_rules_info(rules, hits->rules[i], &info);
        x->ids[x->count++] = (uint32_t)(info.feature >> (64 - SCAN_FEATURE_BITS));
    }
}

static void add_family(struct extractor *x, enum scan_family family, const struct mime_view *view,
                       char *scratch)
{
    switch (family) {
    case SCAN_FROM:
        add_first_header(x, family, view, "From", scratch);
        break;
    case SCAN_SUBJECT:
        add_first_header(x, family, view, "Subject", scratch);
        break;
    case SCAN_HEADERS:
        add_headers(x, view, scratch);
        break;
    case SCAN_URLS:
        add_urls(x, view, scratch);
        break;
    case SCAN_ATTACHMENTS:
        add_attachments(x, view, scratch);
        break;
    case SCAN_TEXT:
        add_text(x, family, view->text, scratch);
        break;
    case SCAN_FACTS:
    case SCAN_RULES:
    case SCAN_FAMILIES:
        break;
    }
}

void scan_features_extract(const struct mime_view *view, const struct scan_rules *rules,
                           const struct scan_hits *hits, struct arena *arena, struct scan_features *features)
{
    struct extractor x = {
        .seen = arena_calloc(arena, 1 << (SCAN_FEATURE_BITS - 6), sizeof *x.seen),
        .ids = arena_alloc(arena, (MAX_FEATURES + SCAN_HITS_MAX) * sizeof *x.ids),
    };
    char *scratch = arena_alloc(arena, TEXT_BYTES + 2);
    features->facts = scan_facts_of(view);
    features->start[SCAN_FACTS] = 0;
    add_facts(&x, features->facts);
    for (unsigned family = SCAN_FACTS + 1; family < SCAN_RULES; family++) {
        features->start[family] = x.count;
        add_family(&x, family, view, scratch);
    }
    features->start[SCAN_RULES] = x.count;
    add_rules(&x, rules, hits);
    features->start[SCAN_FAMILIES] = x.count;
    features->ids = x.ids;
}

double scan_feature_value(const struct scan_features *features, enum scan_family family)
{
    double all = features->start[SCAN_FAMILIES];
    double own = features->start[family + 1] - features->start[family];
    if (own < 1)
        return 0;
    if (family == SCAN_FACTS || family == SCAN_RULES)
        own = 1;
    return 1 / sqrt(sqrt(all * own));
}

const char *scan_family_name(enum scan_family family)
{
    static const char *const names[SCAN_FAMILIES] = {
        "structure", "from", "subject", "headers", "urls", "attachments", "text", "rules",
    };
    return names[family];
}
