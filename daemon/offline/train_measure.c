/* ROC figures from sorted samples. */
#include "daemon/offline/train_measure.h"

#include <math.h>
#include <stdlib.h>

static int spam_like_first(const void *a, const void *b)
{
    double x = ((const struct train_sample *)a)->log_odds, y = ((const struct train_sample *)b)->log_odds;
    return (x < y) - (x > y);
}

void train_samples_sort(struct train_sample *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, spam_like_first);
}

static size_t count_ham(const struct train_sample *samples, size_t count)
{
    size_t ham = 0;
    for (size_t i = 0; i < count; i++)
        ham += !samples[i].spam;
    return ham;
}

double train_threshold(const struct train_sample *samples, size_t count, double false_positive)
{
    size_t allowed = (size_t)floor(false_positive * (double)count_ham(samples, count));
    for (size_t i = 0; i < count; i++)
        if (!samples[i].spam && allowed-- == 0)
            return nextafter(samples[i].log_odds, INFINITY);
    return count ? samples[count - 1].log_odds : 0;
}

struct train_rates train_rates_at(const struct train_sample *samples, size_t count, double threshold)
{
    size_t ham = count_ham(samples, count), spam_reached = 0, ham_reached = 0;
    for (size_t i = 0; i < count && samples[i].log_odds >= threshold; i++) {
        spam_reached += samples[i].spam;
        ham_reached += !samples[i].spam;
    }
    size_t spam = count - ham;
    return (struct train_rates){(double)spam_reached / (double)(spam ? spam : 1),
                                (double)ham_reached / (double)(ham ? ham : 1)};
}

double train_area_above(const struct train_sample *samples, size_t count)
{
    size_t ham = count_ham(samples, count), ham_above = 0;
    double wrong = 0;
    for (size_t i = 0; i < count;) {
        size_t equal_ham = 0, equal_spam = 0, begin = i;
        for (; i < count && samples[i].log_odds >= samples[begin].log_odds; i++) {
            equal_ham += !samples[i].spam;
            equal_spam += samples[i].spam;
        }
        wrong += (double)equal_spam * ((double)ham_above + (double)equal_ham / 2);
        ham_above += equal_ham;
    }
    double pairs = (double)ham * (double)(count - ham);
    return pairs > 0 ? wrong / pairs : 0;
}
