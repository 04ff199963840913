/* What is kept of a message that somebody said is spam, or is not: a sample of its features, no word of its text.
 *
 * Of each family at most SCAN_SAMPLE_MOST features are kept, by a choice that depends on the features alone.  So the
 * samples of messages that share much share as much of themselves, however long the messages are.  Families that
 * unrelated mail has in common (facts, sizes, order of headers, tags, rules) are left out.
 */
#ifndef SCAN_EXAMPLE_H
#define SCAN_EXAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"
#include "engine/scan/features.h"

enum {
    SCAN_SAMPLE_MOST = 48, /* of a family */
    SCAN_SAMPLE_FEATURES = SCAN_SAMPLE_MOST * SCAN_FAMILIES,
    /* Samples of another version mean something else: raise the last digit with every change to how they are made. */
    SCAN_EXAMPLE_VERSION = SCAN_FEATURE_VERSION * 10 + 1,
    SCAN_IDENTITY_MOST = 1024,
};

/* Strictly ascending: family << SCAN_FEATURE_BITS | feature. */
struct scan_sample {
    uint32_t features[SCAN_SAMPLE_FEATURES];
    uint32_t count;
};

void scan_sample_take(const struct scan_features *features, struct scan_sample *sample);

/* What each feature of a family counts; the squares of all that are in the sample sum up to 1. */
void scan_sample_values(const struct scan_sample *sample, double values[SCAN_FAMILIES]);

struct scan_example {
    uint32_t version;     /* SCAN_EXAMPLE_VERSION of who took it */
    int32_t log_odds;     /* of the model alone, in thousandths */
    struct span identity; /* at most SCAN_IDENTITY_MOST bytes that tell the message from others */
    struct scan_sample sample;
};

/* Wire form.  The get checks everything; identity points into the message. */
void scan_example_put(struct buf *out, const struct scan_example *example);
bool scan_example_get(struct span wire, struct scan_example *example);
void scan_sample_put(struct buf *out, const struct scan_sample *sample);
bool scan_sample_get(struct span wire, struct scan_sample *sample);

#endif
