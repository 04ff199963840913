/* Sampling: of each family a hash table of SCAN_SAMPLE_MOST places, in each of which the feature with the least hash
 * stays. */
#include "engine/scan/example.h"

#include <math.h>
#include <stdlib.h>

#include "engine/scan/hash.h"
#include "engine/wire/wire.h"

static const uint32_t sampled_families =
    1u << SCAN_FROM | 1u << SCAN_SUBJECT | 1u << SCAN_HEADERS | 1u << SCAN_SHAPES | 1u << SCAN_RECEIVED |
    1u << SCAN_HOPS | 1u << SCAN_URLS | 1u << SCAN_ATTACHMENTS | 1u << SCAN_TEXT | 1u << SCAN_TEXT_END;

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sample_family(const struct scan_features *features, unsigned family, struct scan_sample *sample)
{
    uint64_t least[SCAN_SAMPLE_MOST];
    memset(least, 0xff, sizeof least);
    for (uint32_t i = features->start[family]; i < features->start[family + 1]; i++) {
        uint64_t hash = scan_hash_mix(features->ids[i]);
        uint64_t *place = &least[(hash >> 40) % SCAN_SAMPLE_MOST];
        uint64_t ranked = hash << SCAN_FEATURE_BITS | features->ids[i];
        if (ranked < *place)
            *place = ranked;
    }
    uint32_t first = sample->count, mask = (1u << SCAN_FEATURE_BITS) - 1;
    for (unsigned i = 0; i < SCAN_SAMPLE_MOST; i++)
        if (least[i] != UINT64_MAX)
            sample->features[sample->count++] = family << SCAN_FEATURE_BITS | ((uint32_t)least[i] & mask);
    qsort(sample->features + first, sample->count - first, sizeof sample->features[0], ascending);
}

void scan_sample_take(const struct scan_features *features, struct scan_sample *sample)
{
    sample->count = 0;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        if (sampled_families >> family & 1)
            sample_family(features, family, sample);
}

void scan_sample_values(const struct scan_sample *sample, double values[SCAN_FAMILIES])
{
    unsigned counts[SCAN_FAMILIES] = {0}, families = 0;
    for (uint32_t i = 0; i < sample->count; i++)
        families += counts[sample->features[i] >> SCAN_FEATURE_BITS]++ == 0;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        values[family] = counts[family] ? 1 / sqrt((double)families * counts[family]) : 0;
}

void scan_sample_put(struct buf *out, const struct scan_sample *sample)
{
    for (uint32_t i = 0; i < sample->count; i++)
        wire_put_u32(out, sample->features[i]);
}

bool scan_sample_get(struct span wire, struct scan_sample *sample)
{
    struct wire_reader in = wire_reader_of(wire);
    sample->count = (uint32_t)(wire.n / sizeof(uint32_t));
    if (wire.n % sizeof(uint32_t) || wire.n / sizeof(uint32_t) > SCAN_SAMPLE_FEATURES)
        return false;
    for (uint32_t i = 0; i < sample->count; i++) {
        sample->features[i] = wire_get_u32(&in);
        if (sample->features[i] >> SCAN_FEATURE_BITS >= SCAN_FAMILIES ||
            (i && sample->features[i] <= sample->features[i - 1]))
            return false;
    }
    return true;
}

void scan_example_put(struct buf *out, const struct scan_example *example)
{
    struct buf sample = {0};
    scan_sample_put(&sample, &example->sample);
    wire_put_u32(out, example->version);
    wire_put_i64(out, example->log_odds);
    wire_put_span(out, example->identity);
    wire_put_span(out, buf_span(&sample));
    buf_free(&sample);
}

bool scan_example_get(struct span wire, struct scan_example *example)
{
    struct wire_reader in = wire_reader_of(wire);
    example->version = wire_get_u32(&in);
    int64_t log_odds = wire_get_i64(&in);
    example->identity = wire_get_span(&in);
    struct span sample = wire_get_span(&in);
    example->log_odds = (int32_t)log_odds;
    return wire_reader_done(&in) && log_odds >= INT32_MIN && log_odds <= INT32_MAX &&
           example->identity.n <= SCAN_IDENTITY_MOST && scan_sample_get(sample, &example->sample);
}
