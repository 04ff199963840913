/* What cross-validation found, for people. */
#ifndef TOOLS_TRAIN_REPORT_H
#define TOOLS_TRAIN_REPORT_H

#include "daemon/offline/train_measure.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/scan/model.h"

/* Samples are sorted, see train_samples_sort(). */

/* (1-AUC) and TPR at three FPR, with intervals. */
void train_report_figures(const struct train_sample *samples, size_t count, struct buf *out);
/* What the scores 50 and 90 of the calibrated model stand for. */
void train_report_scores(const struct train_sample *samples, size_t count,
                         const struct scan_model_parameters *model, struct buf *out);

/* A line for each value of a column (source, era ...) of a table of mail: how much of it reaches 50 and 90.  The table
 * is tab-separated; its first line names the columns, of which one is `path`: the end of a message's name. */
bool train_report_by(const char *table_path, const char *column, const struct train_sample *samples,
                     size_t count, const struct scan_model_parameters *model, struct buf *out,
                     struct error *error);

/* A line a message: its name, whether it is positive, and what a model that has not seen it says. */
bool train_report_write_scores(const char *path, const struct train_sample *samples, size_t count,
                               struct error *error);

#endif
