/* Folding, 4-grams and words. */
#include "engine/scan/feature_sink.h"

enum { LONGEST_WORD = 24 };

/* Without a branch: a guess whether a feature is new fails often, and a message has thousands.  What is not kept is
 * written behind the others all the same; there is room, as rules come after all families that add. */
static inline void add(struct feature_sink *sink, uint64_t hash)
{
    uint32_t id = (uint32_t)(hash >> (64 - SCAN_FEATURE_BITS));
    uint64_t *seen = &sink->seen[id / 64], bit = UINT64_C(1) << (id % 64);
    sink->ids[sink->count] = id;
    sink->count += !(*seen & bit) & (sink->count < SCAN_FEATURES_MAX);
    *seen |= bit;
}

void feature_add(struct feature_sink *sink, uint64_t hash)
{
    add(sink, hash);
}

static char fold_byte(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return '0';
    if (c <= ' ' || c == 0x7f)
        return ' ';
    return c >= 0x80 ? FEATURE_FOREIGN : ascii_lower((char)c);
}

struct span feature_fold(struct span s, char *out)
{
    size_t n = 0;
    char previous = ' ';
    out[n++] = ' ';
    for (size_t i = 0; i < s.n; i++) {
        char c = fold_byte((unsigned char)s.p[i]);
        out[n] = c;
        n += c != ' ' || previous != ' ';
        previous = c;
    }
    if (previous != ' ')
        out[n++] = ' ';
    return (struct span){out, n};
}

void feature_add_grams(struct feature_sink *sink, struct span folded, uint64_t seed)
{
    uint32_t window = 0;
    unsigned filled = 0;
    for (size_t i = 0; i < folded.n; i++) {
        filled = folded.p[i] == FEATURE_FOREIGN ? 0 : filled + 1;
        window = window << 8 | (unsigned char)folded.p[i];
        if (filled >= 4)
            add(sink, scan_hash_mix(seed << 32 | window));
    }
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || c == '0' || c == '$' || c == '!' || c == '%' || c == '-' || c == '\'' ||
           c == FEATURE_FOREIGN;
}

struct span feature_next_word(struct span *rest)
{
    size_t i = 0;
    while (i < rest->n) {
        bool foreign = false;
        while (i < rest->n && !is_word_byte(rest->p[i]))
            i++;
        size_t begin = i;
        for (; i < rest->n && is_word_byte(rest->p[i]); i++)
            foreign |= rest->p[i] == FEATURE_FOREIGN;
        if (i > begin && !foreign) {
            struct span word = {rest->p + begin, i - begin < LONGEST_WORD ? i - begin : LONGEST_WORD};
            *rest = span_slice(*rest, i, rest->n);
            return word;
        }
    }
    *rest = (struct span){0};
    return (struct span){0};
}

void feature_add_words(struct feature_sink *sink, struct span folded, uint64_t word_seed, uint64_t pair_seed)
{
    uint64_t previous = 0;
    for (struct span word = feature_next_word(&folded); word.n; word = feature_next_word(&folded)) {
        uint64_t hash = scan_hash_bytes(word_seed, word);
        add(sink, hash);
        if (previous)
            add(sink, scan_hash_mix(pair_seed ^ hash ^ previous * 3));
        previous = hash;
    }
}

void feature_add_text(struct feature_sink *sink, enum scan_family family, struct span folded)
{
    feature_add_grams(sink, folded, feature_seed(FEATURE_GRAM, family));
    feature_add_words(sink, folded, feature_seed(FEATURE_WORD, family), feature_seed(FEATURE_PAIR, family));
}

void feature_add_size(struct feature_sink *sink, enum scan_family family, unsigned thing, uint64_t size)
{
    uint64_t seed = feature_seed(FEATURE_SIZE, family) << 32 | (uint64_t)thing << 8;
    for (unsigned power = 0; size; power++, size >>= 1)
        feature_add(sink, scan_hash_mix(seed | power));
}

struct span feature_url_host(struct span url)
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
