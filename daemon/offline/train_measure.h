/* Figures of merit of a classifier from scored mail. */
#ifndef TOOLS_TRAIN_MEASURE_H
#define TOOLS_TRAIN_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct train_sample {
    double log_odds;
    bool spam;
    const char *name; /* of the message */
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
enum { TRAIN_SHARES = 3 };
extern const double train_shares[TRAIN_SHARES]; /* of ham that may be taken for spam: 0.1, 0.5, 1 % */

struct train_figures {
    double found[TRAIN_SHARES]; /* TPR at each of the shares */
    double area_above;
};

void train_measure(const struct train_sample *samples, size_t count, struct train_figures *figures);
/* The 95 % interval of each figure, from draws with replacement of as much spam and ham; always the same draws. */
void train_bootstrap(const struct train_sample *samples, size_t count, struct train_figures *low,
                     struct train_figures *high);

/* One minus the area under the ROC curve: the share of (spam, ham) pairs in the wrong order, ties counted half. */
double train_area_above(const struct train_sample *samples, size_t count);

#endif
