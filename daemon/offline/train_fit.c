/* Gradient descent with a rate that falls from pass to pass, and the rounding of weights to 8 bits. */
#include "daemon/offline/train_fit.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/hash.h"

struct fit {
    uint32_t left_out;
    unsigned table_bits;
    float *weights;
    double prior;
};

static double family_sum(const struct fit *fit, const struct scan_features *features, unsigned family)
{
    double sum = 0;
    for (uint32_t i = features->start[family]; i < features->start[family + 1]; i++)
        sum += (double)fit->weights[scan_model_index(fit->table_bits, features->ids[i])];
    return sum;
}

static void add_to_family(struct fit *fit, const struct scan_features *features, unsigned family,
                          float change)
{
    for (uint32_t i = features->start[family]; i < features->start[family + 1]; i++)
        fit->weights[scan_model_index(fit->table_bits, features->ids[i])] += change;
}

/* Learns from what is wrong by more than the margin: what is told apart already would only be learnt by heart.  The prior
 * moves slowly: it is in every message, and would swing with each. */
static void learn(struct fit *fit, const struct train_example *example, double rate, double margin)
{
    const double prior_rate = 0.01;
    const struct scan_features *features = &example->features;
    double log_odds = fit->prior, values[SCAN_FAMILIES];
    scan_feature_values(features, fit->left_out, values);
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        log_odds += values[family] != 0 ? values[family] * family_sum(fit, features, family) : 0;
    double wrong = (example->spam ? 1 : 0) - 1 / (1 + exp(-log_odds)), step = rate * wrong;
    if (fabs(wrong) < margin)
        return;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        if (values[family] != 0)
            add_to_family(fit, features, family, (float)(step * values[family]));
    fit->prior += step * prior_rate;
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

/* One descent from nothing, in an order of its own. */
static void descend(struct fit *fit, const struct train_set *set, const struct train_options *options,
                    size_t *order, size_t count, uint64_t *random)
{
    memset(fit->weights, 0, ((size_t)1 << fit->table_bits) * sizeof *fit->weights);
    fit->prior = 0;
    for (unsigned pass = 0; pass < options->passes; pass++) {
        shuffle(order, count, random);
        for (size_t i = 0; i < count; i++)
            learn(fit, &set->examples[order[i]], options->rate / (1 + pass), options->margin);
    }
}

/* The mean of several descents: what depends on the order of mail mostly cancels out. */
static void fit_mean(struct fit *mean, const struct train_set *set, const struct train_options *options,
                     unsigned left_out)
{
    size_t size = (size_t)1 << options->table_bits;
    size_t *order = xmalloc((set->count + 1) * sizeof *order), count = 0;
    struct fit one = {.left_out = mean->left_out,
                      .table_bits = options->table_bits,
                      .weights = xcalloc(size, sizeof *one.weights)};
    uint64_t random = options->seed << 32;
    for (size_t i = 0; i < set->count; i++)
        if (train_fold(&set->examples[i], options) != left_out)
            order[count++] = i;
    for (unsigned run = 0; run < options->descents; run++) {
        descend(&one, set, options, order, count, &random);
        for (size_t i = 0; i < size; i++)
            mean->weights[i] += one.weights[i] / (float)options->descents;
        mean->prior += one.prior / options->descents;
    }
    free(one.weights);
    free(order);
}

/* ---- rules that the mail has nothing of ---- */

static float *weight_of_rule(const struct fit *fit, const struct scan_rule_info *rule)
{
    uint32_t id = (uint32_t)(rule->feature >> (64 - SCAN_FEATURE_BITS));
    return &fit->weights[scan_model_index(fit->table_bits, id)];
}

static bool is_for_spam(const struct scan_rule_info *rule)
{
    return !rule->part && rule->tags & (SCAN_TAG_SPAM | SCAN_TAG_PHISH);
}

static void mark_hits(const struct train_set *set, const struct train_options *options, unsigned left_out,
                      bool *hit)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct scan_features *f = &set->examples[i].features;
        if (train_fold(&set->examples[i], options) == left_out)
            continue;
        for (uint32_t at = f->start[SCAN_RULES]; at < f->start[SCAN_RULES + 1]; at++)
            hit[f->ids[at]] = true;
    }
}

/* Mail of years ago has nothing of what spam does today.  A rule for spam that no message hit gets the weight of the
 * strongest of those that were hit: what its tag says is all that is known of it. */
static void trust_tags(const struct fit *fit, const struct train_set *set,
                       const struct train_options *options, unsigned left_out)
{
    bool *hit = xcalloc((size_t)1 << SCAN_FEATURE_BITS, sizeof *hit);
    float strongest = 0;
    mark_hits(set, options, left_out, hit);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < scan_rules_count(set->rules); i++) {
            struct scan_rule_info rule;
            scan_rules_info(set->rules, i, &rule);
            float *weight = weight_of_rule(fit, &rule);
            bool was_hit = hit[rule.feature >> (64 - SCAN_FEATURE_BITS)];
            if (is_for_spam(&rule) && was_hit)
                strongest = fmaxf(strongest, *weight);
            else if (is_for_spam(&rule) && pass == 1)
                *weight = strongest;
        }
    free(hit);
}

/* The unit of 8-bit weights, which the largest fills. */
static double weight_unit(const struct fit *fit)
{
    double largest = 0;
    for (size_t i = 0; i < (size_t)1 << fit->table_bits; i++)
        largest = fmax(largest, fabs((double)fit->weights[i]));
    return largest > 0 ? largest / scan_model_weight(INT8_MAX) : 1;
}

static void pack(const struct fit *fit, struct scan_model_parameters model, struct buf *file)
{
    size_t size = (size_t)1 << fit->table_bits;
    int8_t *rounded = xmalloc(size);
    model.left_out = fit->left_out;
    model.table_bits = fit->table_bits;
    model.weights = rounded;
    model.prior = fit->prior;
    model.weight_unit = weight_unit(fit);
    for (size_t i = 0; i < size; i++)
        rounded[i] = (int8_t)lround(
            copysign(sqrt(fabs((double)fit->weights[i]) / model.weight_unit), (double)fit->weights[i]));
    scan_model_put(file, &model);
    free(rounded);
}

void train_fit(const struct train_set *set, const struct train_options *options, unsigned left_out,
               struct scan_model_parameters calibration, struct buf *file)
{
    struct fit fit = {.left_out = options->left_out, .table_bits = options->table_bits};
    fit.weights = xcalloc((size_t)1 << options->table_bits, sizeof *fit.weights);
    fit_mean(&fit, set, options, left_out);
    if (calibration.question == SCAN_ASK_SPAM)
        trust_tags(&fit, set, options, left_out);
    pack(&fit, calibration, file);
    free(fit.weights);
}
