/* Gradient descent with a rate that falls from pass to pass, and the rounding of weights to 8 bits. */
#include "daemon/offline/train_fit.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/hash.h"

struct fit {
    unsigned table_bits;
    float *weights;
    double prior;
};

static double raw_log_odds(const struct fit *fit, const struct scan_features *features, double value)
{
    double sum = 0;
    for (uint32_t i = 0; i < features->start[SCAN_FAMILIES]; i++)
        sum += (double)fit->weights[scan_model_index(fit->table_bits, features->ids[i])];
    return fit->prior + sum * value;
}

static void learn(struct fit *fit, const struct train_example *example, double rate)
{
    const struct scan_features *features = &example->features;
    uint32_t count = features->start[SCAN_FAMILIES];
    double value = 1 / sqrt(count ? count : 1);
    double guess = 1 / (1 + exp(-raw_log_odds(fit, features, value)));
    double step = rate * ((example->spam ? 1 : 0) - guess);
    float change = (float)(step * value);
    for (uint32_t i = 0; i < count; i++)
        fit->weights[scan_model_index(fit->table_bits, features->ids[i])] += change;
    fit->prior += step * 0.01;
}

unsigned train_fold(const struct train_example *example, const struct train_options *options)
{
    return (unsigned)(scan_hash_mix(example->group ^ options->seed) % options->folds);
}

static void shuffle(size_t *order, size_t count, uint64_t *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = scan_hash_mix(++*random) % i;
        size_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static void run_passes(struct fit *fit, const struct train_set *set, const struct train_options *options,
                       unsigned left_out)
{
    size_t *order = xmalloc((set->count + 1) * sizeof *order);
    size_t count = 0;
    uint64_t random = options->seed << 32;
    for (size_t i = 0; i < set->count; i++)
        if (train_fold(&set->examples[i], options) != left_out)
            order[count++] = i;
    for (unsigned pass = 0; pass < options->passes; pass++) {
        shuffle(order, count, &random);
        for (size_t i = 0; i < count; i++)
            learn(fit, &set->examples[order[i]], options->rate / (1 + pass));
    }
    free(order);
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The unit of 8-bit weights: the few largest are cut off, so that the many small ones keep their precision. */
static double weight_unit(const struct fit *fit)
{
    size_t size = (size_t)1 << fit->table_bits;
    float *sizes = xmalloc(size * sizeof *sizes);
    for (size_t i = 0; i < size; i++)
        sizes[i] = fabsf(fit->weights[i]);
    qsort(sizes, size, sizeof *sizes, by_size);
    double largest = (double)sizes[size - 1 - size / 2000];
    free(sizes);
    return largest > 0 ? largest / INT8_MAX : 1;
}

static void pack(const struct fit *fit, struct scan_model_parameters model, struct buf *file)
{
    size_t size = (size_t)1 << fit->table_bits;
    int8_t *rounded = xmalloc(size);
    model.table_bits = fit->table_bits;
    model.weights = rounded;
    model.prior = fit->prior;
    model.weight_unit = weight_unit(fit);
    for (size_t i = 0; i < size; i++)
        rounded[i] =
            (int8_t)lround(fmax(-INT8_MAX, fmin(INT8_MAX, (double)fit->weights[i] / model.weight_unit)));
    scan_model_put(file, &model);
    free(rounded);
}

void train_fit(const struct train_set *set, const struct train_options *options, unsigned left_out,
               struct scan_model_parameters calibration, struct buf *file)
{
    struct fit fit = {.table_bits = options->table_bits};
    fit.weights = xcalloc((size_t)1 << options->table_bits, sizeof *fit.weights);
    run_passes(&fit, set, options, left_out);
    pack(&fit, calibration, file);
    free(fit.weights);
}
