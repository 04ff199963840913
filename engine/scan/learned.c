/* Examples by the features that they have, and the fit: one example after the other gets the pull that its own
 * condition asks for, the others being as they are, until all agree (coordinate descent on the dual problem). */
#include "engine/scan/learned.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/hash.h"
#include "engine/scan/score.h"
#include "engine/wire/wire.h"

enum {
    BUCKET_BITS = 16, /* of a feature's hash */
    NUMBER_BITS = 10, /* of an example */
    PASSES_MOST = 40,
    BISECTIONS = 24,
};
_Static_assert(SCAN_LEARNED_EXAMPLES <= 1 << NUMBER_BITS, "numbers of examples");
static const double settled = 1e-4; /* no pull moved by more in a pass */

struct scan_learned {
    uint32_t count;
    double pulls[SCAN_LEARNED_EXAMPLES];
    float values[SCAN_LEARNED_EXAMPLES][SCAN_FAMILIES];
    /* Who has a feature: other bits of its hash and the number of an example, bucket after bucket. */
    uint32_t starts[(1 << BUCKET_BITS) + 1];
    uint32_t *owners;
};

static uint64_t hash_of(uint32_t feature)
{
    return scan_hash_mix(feature);
}

static uint32_t bucket_of(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - BUCKET_BITS));
}

static uint32_t mark_of(uint64_t hash)
{
    return (uint32_t)hash << NUMBER_BITS;
}

static void set_values(const struct scan_sample *sample, float values[SCAN_FAMILIES])
{
    double exact[SCAN_FAMILIES];
    scan_sample_values(sample, exact);
    for (unsigned i = 0; i < SCAN_FAMILIES; i++)
        values[i] = (float)exact[i];
}

/* The third power of the likeness of each example. */
static void compare(const struct scan_learned *l, const struct scan_sample *sample, float *likeness)
{
    float values[SCAN_FAMILIES];
    set_values(sample, values);
    memset(likeness, 0, l->count * sizeof *likeness);
    for (uint32_t i = 0; i < sample->count; i++) {
        unsigned family = sample->features[i] >> SCAN_FEATURE_BITS;
        uint64_t hash = hash_of(sample->features[i]);
        uint32_t bucket = bucket_of(hash), mark = mark_of(hash), mask = (1u << NUMBER_BITS) - 1;
        for (uint32_t at = l->starts[bucket]; at < l->starts[bucket + 1]; at++)
            if ((l->owners[at] & ~mask) == mark)
                likeness[l->owners[at] & mask] += values[family] * l->values[l->owners[at] & mask][family];
    }
    for (uint32_t i = 0; i < l->count; i++)
        likeness[i] *= likeness[i] * likeness[i];
}

static void index_examples(struct scan_learned *l, const struct scan_sample *samples)
{
    uint32_t *next = xcalloc((1 << BUCKET_BITS) + 1, sizeof *next), total = 0;
    for (uint32_t i = 0; i < l->count; i++)
        for (uint32_t k = 0; k < samples[i].count; k++)
            next[bucket_of(hash_of(samples[i].features[k]))]++;
    for (uint32_t bucket = 0; bucket <= 1 << BUCKET_BITS; bucket++) {
        l->starts[bucket] = total;
        total += next[bucket];
        next[bucket] = l->starts[bucket];
    }
    l->owners = xcalloc(total + 1, sizeof *l->owners);
    for (uint32_t i = 0; i < l->count; i++)
        for (uint32_t k = 0; k < samples[i].count; k++) {
            uint64_t hash = hash_of(samples[i].features[k]);
            l->owners[next[bucket_of(hash)]++] = mark_of(hash) | i;
        }
    free(next);
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
    for (uint32_t i = 0; i < l->count; i++)
        set_values(&set->samples[i], l->values[i]);
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
        free(learned->owners);
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
