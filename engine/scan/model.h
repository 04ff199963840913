/* The trained model: one weight for every feature, and from a message's features to log-odds and a score.
 *
 * The log-odds of what the model was asked (spam, or graymail) are a plain sum, so every score can be shown as named parts: the prior, each fact of
 * structure that holds, each rule that hit, and each family of features.
 *
 *     raw        = prior + sum of weight(feature) * value(its family), see scan_feature_values()
 *     calibrated = slope * (raw - offset)
 *     score      = floor(100 / (1 + exp(-calibrated))), 0 to 99; 100 is left to the test header
 *
 * Slope and offset are chosen by the trainer from cross-validated mail, so that a score of 50 and of 90 each stand
 * for a stated share of legitimate mail that reaches it; the file's description has the figures.
 */
#ifndef SCAN_MODEL_H
#define SCAN_MODEL_H

#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/scan/facts.h"
#include "engine/scan/features.h"

struct scan_model;

/* What a model was trained to tell; every model file names its own. */
enum scan_question { SCAN_ASK_SPAM, SCAN_ASK_GRAYMAIL, SCAN_QUESTIONS };

/* "spam", "graymail". */
const char *scan_question_name(enum scan_question question);
bool scan_question_of_name(struct span name, enum scan_question *question);

/* A score and its parts, in calibrated log-odds (natural logarithm); they sum up to log_odds. */
struct scan_score {
    int score;
    double log_odds;
    double prior;
    double learned;                 /* see learned.h; 0 as long as nothing was */
    double families[SCAN_FAMILIES]; /* [SCAN_FACTS] is the sum of facts */
    double facts[SCAN_FACT_COUNT];  /* 0 for one that does not hold */
    double rules[SCAN_HITS_MAX];    /* in the order of the hits; [SCAN_RULES] of families is their sum */
};

/* Maps the file read-only and checks all of it, and that it answers this question; NULL with the reason in error.
 * The file must not be written to while it is in use: replace it by renaming another over it. */
struct scan_model *scan_model_load(const char *path, enum scan_question question, struct error *error);
/* The same for bytes in memory, which must outlive the model. */
struct scan_model *scan_model_parse(struct span file, enum scan_question question, struct error *error);
void scan_model_free(struct scan_model *model);

void scan_model_score(const struct scan_model *model, const struct scan_features *features,
                      struct scan_score *score);

/* Bit set of enum scan_family: what counts nothing, so that it need not be extracted. */
uint32_t scan_model_left_out(const struct scan_model *model);
/* Names this very model in headers and logs. */
uint32_t scan_model_id(const struct scan_model *model);
/* What it was trained on and what was measured, for people; points into the model. */
struct span scan_model_description(const struct scan_model *model);

/* What a model file holds. */
struct scan_model_parameters {
    enum scan_question question;
    uint32_t left_out;     /* bit set of enum scan_family: they count nothing */
    unsigned table_bits;   /* 8 to SCAN_FEATURE_BITS: a table of 2^table_bits weights */
    const int8_t *weights; /* scan_model_weight() of each, in units of weight_unit */
    double weight_unit;    /* log-odds */
    double prior;          /* log-odds */
    double slope, offset;  /* of the calibration */
    struct span description;
};

enum { SCAN_MODEL_LEAST_BITS = 8, SCAN_MODEL_DESCRIPTION_MAX = 4096 };

/* Appends the file. */
void scan_model_put(struct buf *out, const struct scan_model_parameters *parameters);

/* What a byte of the table stands for: its square with its sign.  A linear scale would lose either the many small weights
 * or the few large ones.  No sum of SCAN_FEATURES_MAX + SCAN_HITS_MAX of them overflows. */
static inline int32_t scan_model_weight(int8_t byte)
{
    return byte < 0 ? -(byte * byte) : byte * byte;
}

/* The weight table's index of a feature. */
static inline uint32_t scan_model_index(unsigned table_bits, uint32_t feature)
{
    return feature >> (SCAN_FEATURE_BITS - table_bits);
}

#endif
