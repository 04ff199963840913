/* Figures of merit of a classifier from scored mail. */
#ifndef TOOLS_TRAIN_MEASURE_H
#define TOOLS_TRAIN_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct train_sample {
    double log_odds;
    bool spam;
};

struct train_rates {
    double true_positive, false_positive; /* 0 to 1 */
};

/* The functions below want the samples in this order: the most spam-like first. */
void train_samples_sort(struct train_sample *samples, size_t count);

/* The lowest threshold that at most the share false_positive of the ham reaches. */
double train_threshold(const struct train_sample *samples, size_t count, double false_positive);
/* The shares of spam and ham that reach the threshold. */
struct train_rates train_rates_at(const struct train_sample *samples, size_t count, double threshold);
/* One minus the area under the ROC curve: the share of (spam, ham) pairs in the wrong order, ties counted half. */
double train_area_above(const struct train_sample *samples, size_t count);

#endif
