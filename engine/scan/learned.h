/* What was learned from single messages: a small correction of the model's log-odds for messages that are like them.
 *
 *     correction(x) = sum over examples of pull * likeness(x, example)^3,
 *                     at least -SCAN_LEARNED_MOST and at most SCAN_LEARNED_MOST
 *
 * Likeness is the cosine between two samples (example.h): 1 for the same message, about 0.1 for any two.  By its third
 * power hundreds of examples hardly move a message that is like none of them.  The pulls are those of logistic
 * regression with the log-odds of the model that took the example as offset, drawn to zero: SCAN_LEARNED_WEIGHT at most,
 * and little for an example that this model judged rightly.  After an update of the model they are what they were, as only
 * the sample is kept and no score can be computed anew from it.  The same examples in the same order give the same bits, so whatever is undone
 * leaves nothing behind.
 */
#ifndef SCAN_LEARNED_H
#define SCAN_LEARNED_H

#include "engine/base/error.h"
#include "engine/scan/example.h"
#include "engine/scan/model.h"

#define SCAN_LEARNED_MOST 3.0   /* log-odds */
#define SCAN_LEARNED_WEIGHT 2.0 /* of an example */

enum {
    SCAN_LEARNED_EXAMPLES = 1000, /* at most */
    SCAN_LEARNED_BYTES = SCAN_LEARNED_EXAMPLES * (SCAN_SAMPLE_FEATURES * 4 + 16) + 4,
};

struct scan_learned;

/* Appends one to a set of examples, which begins as an empty buf. */
void scan_learned_put(struct buf *set, bool spam, int32_t log_odds, struct span sample);

/* NULL with an empty error for a set of none, with the reason for one that is damaged or of another version. */
struct scan_learned *scan_learned_fit(struct span set, struct error *error);
void scan_learned_free(struct scan_learned *learned);
uint32_t scan_learned_count(const struct scan_learned *learned);

/* The correction of a message that this is the sample of, in log-odds. */
double scan_learned_correction(const struct scan_learned *learned, const struct scan_sample *sample);
/* Adds that of a message to its score. */
void scan_learned_add(const struct scan_learned *learned, const struct scan_features *features,
                      struct scan_score *score);

#endif
