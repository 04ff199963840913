/* From the view to a set of feature numbers, family by family.
 *
 * Text is folded first: letters to lower case, every digit to 0 and every run of blanks to one, because ids, dates
 * and amounts differ from message to message and the years of a training corpus must not become evidence.
 * Nothing that holds a byte outside ASCII becomes a feature: a corpus in one language would only teach "foreign".
 */
#include "engine/scan/features.h"

#include <math.h>

#include "engine/scan/facts.h"
#include "engine/scan/feature_sink.h"

enum { TEXT_END_BYTES = 1536, SMALL_FAMILY = 30 };

static void add_first_header(struct feature_sink *sink, enum scan_family family, const char *name)
{
    const struct mime_header *h = mime_view_header(sink->input->view, name);
    if (h)
        feature_add_text(sink, family,
                         feature_fold(span_slice(h->decoded, 0, FEATURE_ONE_HEADER_BYTES), sink->scratch));
}

static void add_from(struct feature_sink *sink)
{
    add_first_header(sink, SCAN_FROM, "From");
}

static void add_subject(struct feature_sink *sink)
{
    add_first_header(sink, SCAN_SUBJECT, "Subject");
}

/* The host, and each domain that it is in: a.b.example, b.example, example. */
static void add_host(struct feature_sink *sink, struct span host)
{
    feature_add(sink, scan_hash_bytes(feature_seed(FEATURE_HOST, SCAN_URLS), host));
    for (size_t i = 0; i < host.n; i++)
        if (i == 0 || host.p[i - 1] == '.')
            feature_add(
                sink, scan_hash_bytes(feature_seed(FEATURE_DOMAIN, SCAN_URLS), span_slice(host, i, host.n)));
}

static void add_urls(struct feature_sink *sink)
{
    const struct mime_view *view = sink->input->view;
    size_t used = 0;
    for (size_t i = 0; i < view->url_count && used < FEATURE_URL_BYTES; i++) {
        struct span url =
            feature_fold(span_slice(view->urls[i].target, 0, FEATURE_ONE_URL_BYTES), sink->scratch);
        add_host(sink, feature_url_host(span_trim(url)));
        feature_add_text(sink, SCAN_URLS, url);
        used += url.n;
    }
}

static void add_attachments(struct feature_sink *sink)
{
    const struct mime_view *view = sink->input->view;
    for (size_t i = 0; i < view->attachment_count; i++) {
        const struct span told[] = {view->attachments[i].type, view->attachments[i].name};
        for (size_t k = 0; k < 2; k++)
            feature_add_text(sink, SCAN_ATTACHMENTS, feature_fold(span_slice(told[k], 0, 64), sink->scratch));
    }
}

static void add_text(struct feature_sink *sink)
{
    feature_add_text(sink, SCAN_TEXT, sink->text);
}

/* Where mail says who sent it and how to be rid of it; of a short text, all of it once more. */
static void add_text_end(struct feature_sink *sink)
{
    struct span text = sink->input->view->text;
    size_t from = text.n > TEXT_END_BYTES ? text.n - TEXT_END_BYTES : 0;
    feature_add_text(sink, SCAN_TEXT_END,
                     feature_fold(span_slice(text, from, TEXT_END_BYTES), sink->scratch));
}

/* Written without a look at what is there, so that the i-th fact that holds is the i-th feature. */
static void add_facts(struct feature_sink *sink)
{
    uint64_t facts = scan_facts_of(sink->input->view);
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++) {
        uint64_t hash = scan_hash_mix(feature_seed(FEATURE_FACT, SCAN_FACTS) << 32 | i);
        if (facts >> i & 1)
            sink->ids[sink->count++] = (uint32_t)(hash >> (64 - SCAN_FEATURE_BITS));
    }
}

/* The same for the hits. */
static void add_rules(struct feature_sink *sink)
{
    const struct scan_hits *hits = sink->input->hits;
    for (uint32_t i = 0; hits && i < hits->count; i++) {
        struct scan_rule_info info;
        scan_rules_info(sink->input->rules, hits->rules[i], &info);
        sink->ids[sink->count++] = (uint32_t)(info.feature >> (64 - SCAN_FEATURE_BITS));
    }
}

/* The names are shown with scores, and chosen by in the trainer. */
static const struct {
    const char *name;
    void (*add)(struct feature_sink *sink);
} families[SCAN_FAMILIES] = {
    [SCAN_FACTS] = {"structure", add_facts},
    [SCAN_FROM] = {"from", add_from},
    [SCAN_SUBJECT] = {"subject", add_subject},
    [SCAN_HEADERS] = {"headers", feature_add_headers},
    [SCAN_HEADER_ORDER] = {"header order", feature_add_header_order},
    [SCAN_URLS] = {"urls", add_urls},
    [SCAN_ATTACHMENTS] = {"attachments", add_attachments},
    [SCAN_TEXT] = {"text", add_text},
    [SCAN_TEXT_END] = {"end of text", add_text_end},
    [SCAN_PART_HEADERS] = {"part headers", feature_add_part_headers},
    [SCAN_TAGS] = {"html", feature_add_tags},
    [SCAN_SIZES] = {"sizes", feature_add_sizes},
    [SCAN_RELATIONS] = {"relations", feature_add_relations},
    [SCAN_SHAPES] = {"shapes", feature_add_shapes},
    [SCAN_RECEIVED] = {"received", feature_add_received},
    [SCAN_HOPS] = {"hops", feature_add_hops},
    [SCAN_RULES] = {"rules", add_rules},
};

void scan_features_extract(const struct scan_feature_input *input, struct arena *arena,
                           struct scan_features *features)
{
    struct feature_sink sink = {
        .input = input,
        .seen = arena_calloc(arena, 1 << (SCAN_FEATURE_BITS - 6), sizeof *sink.seen),
        .ids = arena_alloc(arena, (SCAN_FEATURES_MAX + SCAN_HITS_MAX) * sizeof *sink.ids),
        .scratch = arena_alloc(arena, FEATURE_TEXT_BYTES + 2),
    };
    sink.text = feature_fold(span_slice(input->view->text, 0, FEATURE_TEXT_BYTES),
                             arena_alloc(arena, FEATURE_TEXT_BYTES + 2));
    for (unsigned family = 0; family < SCAN_FAMILIES; family++) {
        features->start[family] = sink.count;
        if (!(input->left_out >> family & 1))
            families[family].add(&sink);
    }
    features->start[SCAN_FAMILIES] = sink.count;
    features->facts = scan_facts_of(input->view);
    features->ids = sink.ids;
}

static uint32_t count_of(const struct scan_features *features, unsigned family)
{
    return features->start[family + 1] - features->start[family];
}

void scan_feature_values(const struct scan_features *features, uint32_t left_out,
                         double values[SCAN_FAMILIES])
{
    uint32_t all = 0;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        all += left_out >> family & 1 ? 0 : count_of(features, family);
    for (unsigned family = 0; family < SCAN_FAMILIES; family++) {
        double own = count_of(features, family);
        bool used = own > 0 && !(left_out >> family & 1);
        if (family == SCAN_FACTS || family == SCAN_RULES)
            own = 1;
        else if (family != SCAN_RELATIONS)
            own += SMALL_FAMILY;
        values[family] = used ? 1 / sqrt(sqrt(all * own)) : 0;
    }
}

const char *scan_family_name(enum scan_family family)
{
    return families[family].name;
}
