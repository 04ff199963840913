/* ROC figures from sorted samples. */
#include "daemon/offline/train_measure.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/hash.h"

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

const double train_shares[TRAIN_SHARES] = {0.001, 0.005, 0.01};

void train_measure(const struct train_sample *samples, size_t count, struct train_figures *figures)
{
    for (size_t i = 0; i < TRAIN_SHARES; i++)
        figures->found[i] =
            train_rates_at(samples, count, train_threshold(samples, count, train_shares[i])).true_positive;
    figures->area_above = train_area_above(samples, count);
}

/* ---- intervals ---- */

enum { DRAWS = 400, FIGURES = TRAIN_SHARES + 1, TAIL = DRAWS / 40 };

/* Draws with replacement, in order: spam from spam and ham from ham. */
static void draw(const struct train_sample *samples, size_t count, uint64_t *random, size_t *times,
                 struct train_sample *drawn)
{
    size_t kinds[2] = {count_ham(samples, count), 0}, n = 0;
    kinds[1] = count - kinds[0];
    memset(times, 0, count * sizeof *times);
    for (unsigned spam = 0; spam < 2; spam++)
        for (size_t i = 0; i < kinds[spam]; i++)
            times[(spam ? kinds[0] : 0) + scan_hash_mix(++*random) % kinds[spam]]++;
    size_t next[2] = {0, kinds[0]};
    for (size_t i = 0; i < count; i++)
        for (size_t k = times[next[samples[i].spam]++]; k > 0; k--)
            drawn[n++] = samples[i];
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void train_bootstrap(const struct train_sample *samples, size_t count, struct train_figures *low,
                     struct train_figures *high)
{
    struct train_sample *drawn = xcalloc(count + 1, sizeof *drawn);
    size_t *times = xcalloc(count + 1, sizeof *times);
    double seen[FIGURES][DRAWS];
    uint64_t random = 0;
    for (unsigned i = 0; i < DRAWS; i++) {
        struct train_figures figures;
        draw(samples, count, &random, times, drawn);
        train_measure(drawn, count, &figures);
        for (unsigned k = 0; k < TRAIN_SHARES; k++)
            seen[k][i] = figures.found[k];
        seen[TRAIN_SHARES][i] = figures.area_above;
    }
    for (unsigned k = 0; k < FIGURES; k++) {
        qsort(seen[k], DRAWS, sizeof seen[k][0], by_number);
        *(k < TRAIN_SHARES ? &low->found[k] : &low->area_above) = seen[k][TAIL];
        *(k < TRAIN_SHARES ? &high->found[k] : &high->area_above) = seen[k][DRAWS - 1 - TAIL];
    }
    free(drawn);
    free(times);
}
