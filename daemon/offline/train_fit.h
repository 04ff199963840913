/* Logistic regression by stochastic gradient descent over a training set. */
#ifndef TOOLS_TRAIN_FIT_H
#define TOOLS_TRAIN_FIT_H

#include "daemon/offline/train_set.h"
#include "engine/base/buf.h"
#include "engine/scan/model.h"

struct train_options {
    uint32_t left_out; /* bit set of families that the model is to do without */
    unsigned table_bits;
    unsigned passes;
    unsigned descents; /* averaged */
    unsigned folds;    /* of the cross-validation */
    double rate;
    double margin;                   /* a message whose probability is less wrong than this teaches nothing */
    double share_at_50, share_at_90; /* of the negative mail */
    uint64_t seed;
};

/* Appends to file a model trained on the set without fold left_out of options->folds; no fold is left out when
 * left_out is options->folds.  calibration has slope, offset and description; the rest of it is filled in.  The
 * same set, options and machine give the same bytes. */
void train_fit(const struct train_set *set, const struct train_options *options, unsigned left_out,
               struct scan_model_parameters calibration, struct buf *file);

/* The fold that an example belongs to: a thread or campaign is wholly in one. */
unsigned train_fold(const struct train_example *example, const struct train_options *options);

#endif
