/* Examples by the features that they have, and the fit: one example after the other gets the pull that its own
 * condition asks for, the others being as they are, until all agree (coordinate descent on the dual problem). */
#include "engine/scan/learned.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/score.h"
#include "engine/wire/wire.h"

enum {
    FAMILY_BITS = 5,
    BUCKET_BITS = 16, /* the first ones of a feature */
    BUCKET_SHIFT = SCAN_FEATURE_BITS + FAMILY_BITS - BUCKET_BITS,
    NUMBER_BITS = 10, /* of an example */
    PASSES_MOST = 40,
    BISECTIONS = 24,
};
_Static_assert(SCAN_FAMILIES <= 1 << FAMILY_BITS, "families");
_Static_assert(SCAN_LEARNED_EXAMPLES <= 1 << NUMBER_BITS, "numbers of examples");
static const double settled = 1e-4; /* no pull moved by more in a pass */

/* Examples that have a feature and whose numbers follow each other. */
struct run {
    uint32_t feature;
    uint16_t first, end;
};

struct scan_learned {
    uint32_t count;
    double pulls[SCAN_LEARNED_EXAMPLES];
    float values[SCAN_FAMILIES][SCAN_LEARNED_EXAMPLES];
    struct run *runs; /* ascending, so that no choice of features makes one of them hard to find */
    uint32_t starts[(1 << BUCKET_BITS) + 1]; /* of runs, by the first bits of their features */
};

static void get_values(const struct scan_sample *sample, float values[SCAN_FAMILIES])
{
    double exact[SCAN_FAMILIES];
    scan_sample_values(sample, exact);
    for (unsigned i = 0; i < SCAN_FAMILIES; i++)
        values[i] = (float)exact[i];
}

/* The first run of a feature, or where it would be. */
static const struct run *find_run(const struct scan_learned *l, uint32_t feature)
{
    uint32_t low = l->starts[feature >> BUCKET_SHIFT], high = l->starts[(feature >> BUCKET_SHIFT) + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (l->runs[middle].feature < feature)
            low = middle + 1;
        else
            high = middle;
    }
    return l->runs + low;
}

/* The third power of the likeness of each example. */
static void compare(const struct scan_learned *l, const struct scan_sample *sample, float *likeness)
{
    const struct run *end = l->runs + l->starts[1 << BUCKET_BITS];
    float values[SCAN_FAMILIES];
    get_values(sample, values);
    memset(likeness, 0, l->count * sizeof *likeness);
    for (uint32_t k = 0; k < sample->count; k++) {
        uint32_t feature = sample->features[k], family = feature >> SCAN_FEATURE_BITS;
        const struct run *run = find_run(l, feature);
        for (; run < end && run->feature == feature; run++)
            for (uint32_t i = run->first; i < run->end; i++)
                likeness[i] += values[family] * l->values[family][i];
    }
    for (uint32_t i = 0; i < l->count; i++)
        likeness[i] *= likeness[i] * likeness[i];
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Feature and number of an example, of all features of all examples, ascending. */
static uint64_t *list_owners(const struct scan_sample *samples, uint32_t count, size_t *owners)
{
    uint64_t *list = xcalloc((size_t)count * SCAN_SAMPLE_FEATURES + 1, sizeof *list);
    *owners = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < samples[i].count; k++)
            list[(*owners)++] = (uint64_t)samples[i].features[k] << NUMBER_BITS | i;
    qsort(list, *owners, sizeof *list, compare_numbers);
    return list;
}

static void index_examples(struct scan_learned *l, const struct scan_sample *samples)
{
    size_t owners;
    uint32_t count = 0;
    uint64_t *list = list_owners(samples, l->count, &owners);
    l->runs = xcalloc(owners + 1, sizeof *l->runs);
    for (size_t at = 0; at < owners; at++) {
        uint32_t feature = (uint32_t)(list[at] >> NUMBER_BITS);
        uint16_t i = list[at] & ((1 << NUMBER_BITS) - 1);
        struct run *last = count ? &l->runs[count - 1] : NULL;
        if (last && last->feature == feature && last->end == i) {
            last->end++;
            continue;
        }
        l->runs[count++] = (struct run){feature, i, (uint16_t)(i + 1)};
        l->starts[(feature >> BUCKET_SHIFT) + 1] = count;
    }
    for (uint32_t bucket = 0; bucket < 1 << BUCKET_BITS; bucket++)
        if (l->starts[bucket + 1] < l->starts[bucket])
            l->starts[bucket + 1] = l->starts[bucket];
    free(list);
}

/* ---- the fit ---- */

/* The pull for which pull = WEIGHT / (1 + exp(margin)): the left side grows with it and the right one falls. */
static double best_pull(double margin_without, double own)
{
    double low = 0, high = SCAN_LEARNED_WEIGHT;
    for (int i = 0; i < BISECTIONS; i++) {
        double pull = (low + high) / 2;
        if (pull < SCAN_LEARNED_WEIGHT / (1 + exp(margin_without + pull * own)))
            low = pull;
        else
            high = pull;
    }
    return (low + high) / 2;
}

static double sum_of(const struct scan_learned *l, const float *likeness)
{
    double sum = 0;
    for (uint32_t i = 0; i < l->count; i++)
        sum += l->pulls[i] * likeness[i];
    return sum;
}

/* How far the pull of example i moved; y is 1 for spam and -1 for ham. */
static double improve(struct scan_learned *l, uint32_t i, const float *likeness, double y, double log_odds)
{
    double own = likeness[i], others = sum_of(l, likeness) - l->pulls[i] * own;
    double pull = y * best_pull(y * (log_odds + others), own), moved = fabs(pull - l->pulls[i]);
    l->pulls[i] = pull;
    return moved;
}

static void fit(struct scan_learned *l, const float *likeness, const double *y, const double *log_odds)
{
    for (int pass = 0; pass < PASSES_MOST; pass++) {
        double most = 0;
        for (uint32_t i = 0; i < l->count; i++)
            most = fmax(most, improve(l, i, likeness + (size_t)i * l->count, y[i], log_odds[i]));
        if (most < settled)
            return;
    }
}

/* ---- sets ---- */

void scan_learned_put(struct buf *set, bool spam, int32_t log_odds, struct span sample)
{
    if (set->len == 0)
        wire_put_u32(set, SCAN_EXAMPLE_VERSION);
    wire_put_u8(set, spam);
    wire_put_i64(set, log_odds);
    wire_put_span(set, sample);
}

struct set {
    uint32_t count;
    double y[SCAN_LEARNED_EXAMPLES], log_odds[SCAN_LEARNED_EXAMPLES];
    struct scan_sample samples[SCAN_LEARNED_EXAMPLES];
};

static bool read_set(struct span wire, struct set *set)
{
    struct wire_reader in = wire_reader_of(wire);
    if (wire.n && wire_get_u32(&in) != SCAN_EXAMPLE_VERSION)
        return false;
    for (set->count = 0; in.rest.n; set->count++) {
        uint32_t i = set->count;
        if (i == SCAN_LEARNED_EXAMPLES)
            return false;
        set->y[i] = wire_get_u8(&in) ? 1 : -1;
        set->log_odds[i] = (double)wire_get_i64(&in) / 1000;
        if (!scan_sample_get(wire_get_span(&in), &set->samples[i]) || in.failed)
            return false;
    }
    return true;
}

static struct scan_learned *learn(const struct set *set)
{
    struct scan_learned *l = xcalloc(1, sizeof *l);
    l->count = set->count;
    for (uint32_t i = 0; i < l->count; i++) {
        float values[SCAN_FAMILIES];
        get_values(&set->samples[i], values);
        for (unsigned family = 0; family < SCAN_FAMILIES; family++)
            l->values[family][i] = values[family];
    }
    index_examples(l, set->samples);
    float *likeness = xcalloc((size_t)l->count * l->count, sizeof *likeness);
    for (uint32_t i = 0; i < l->count; i++)
        compare(l, &set->samples[i], likeness + (size_t)i * l->count);
    fit(l, likeness, set->y, set->log_odds);
    free(likeness);
    return l;
}

struct scan_learned *scan_learned_fit(struct span wire, struct error *error)
{
    struct set *set = xcalloc(1, sizeof *set);
    bool good = read_set(wire, set);
    error_set(error, "%s", good ? "" : "what was learned is damaged, or of another version of the program");
    struct scan_learned *learned = good && set->count ? learn(set) : NULL;
    free(set);
    return learned;
}

void scan_learned_free(struct scan_learned *learned)
{
    if (learned)
        free(learned->runs);
    free(learned);
}

uint32_t scan_learned_count(const struct scan_learned *learned)
{
    return learned ? learned->count : 0;
}

double scan_learned_correction(const struct scan_learned *learned, const struct scan_sample *sample)
{
    float likeness[SCAN_LEARNED_EXAMPLES];
    compare(learned, sample, likeness);
    return fmax(-SCAN_LEARNED_MOST, fmin(SCAN_LEARNED_MOST, sum_of(learned, likeness)));
}

void scan_learned_add(const struct scan_learned *learned, const struct scan_features *features,
                      struct scan_score *score)
{
    struct scan_sample sample;
    scan_sample_take(features, &sample);
    score->learned = scan_learned_correction(learned, &sample);
    score->log_odds += score->learned;
    score->score = scan_score_of_log_odds(score->log_odds);
}
