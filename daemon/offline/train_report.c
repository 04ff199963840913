/* Figures with their intervals, scores, and shares by source. */
#include "daemon/offline/train_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"

void train_report_figures(const struct train_sample *samples, size_t count, struct buf *out)
{
    struct train_figures figures, low, high;
    train_measure(samples, count, &figures);
    train_bootstrap(samples, count, &low, &high);
    for (size_t i = 0; i < TRAIN_SHARES; i++)
        buf_printf(out, "  TPR %.2f %% (%.1f to %.1f) at FPR %.1f %%\n", 100 * figures.found[i],
                   100 * low.found[i], 100 * high.found[i], 100 * train_shares[i]);
    buf_printf(out, "  (1-AUC) %.4f %% (%.4f to %.4f)\n", 100 * figures.area_above, 100 * low.area_above,
               100 * high.area_above);
}

static double threshold_of(const struct scan_model_parameters *model, double score)
{
    return model->offset + log(score / (100 - score)) / model->slope;
}

void train_report_scores(const struct train_sample *samples, size_t count,
                         const struct scan_model_parameters *model, struct buf *out)
{
    static const double scores[] = {50, 90};
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++) {
        struct train_rates rates = train_rates_at(samples, count, threshold_of(model, scores[i]));
        buf_printf(out, "  score >= %.0f: TPR %.2f %%, FPR %.2f %%\n", scores[i], 100 * rates.true_positive,
                   100 * rates.false_positive);
    }
}

/* ---- by source ---- */

struct table_row {
    struct span path, value;
};

/* Takes the next line off the front. */
static struct span take_line(struct span *rest)
{
    size_t end = span_find(*rest, '\n');
    struct span line = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end + 1, rest->n);
    return line.n && line.p[line.n - 1] == '\r' ? span_slice(line, 0, line.n - 1) : line;
}

static struct span cell(struct span line, size_t column)
{
    for (; column; column--)
        line = span_slice(line, span_find(line, '\t') + 1, line.n);
    return span_slice(line, 0, span_find(line, '\t'));
}

static bool find_column(struct span names, const char *name, size_t *column)
{
    for (*column = 0; names.n; ++*column) {
        if (span_equal(cell(names, 0), span_text(name)))
            return true;
        names = span_slice(names, span_find(names, '\t') + 1, names.n);
    }
    return false;
}

static bool ends_in(struct span name, struct span end)
{
    return end.n && name.n >= end.n && memcmp(name.p + name.n - end.n, end.p, end.n) == 0;
}

static int by_value(const void *a, const void *b)
{
    struct span x = ((const struct table_row *)a)->value, y = ((const struct table_row *)b)->value;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order ? order : (x.n > y.n) - (x.n < y.n);
}

static void report_value(const struct table_row *rows, size_t row_count, const struct train_sample *samples,
                         size_t count, const struct scan_model_parameters *model, struct buf *out)
{
    size_t all[2] = {0}, at_50[2] = {0}, at_90[2] = {0};
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < row_count && !found; k++)
            found = ends_in(span_text(samples[i].name), rows[k].path);
        if (!found)
            continue;
        all[samples[i].spam]++;
        at_50[samples[i].spam] += samples[i].log_odds >= threshold_of(model, 50);
        at_90[samples[i].spam] += samples[i].log_odds >= threshold_of(model, 90);
    }
    for (unsigned positive = 0; positive < 2; positive++)
        if (all[positive])
            buf_printf(out, "  %.*s, %s: %zu messages, %.2f %% reach 50, %.2f %% reach 90\n",
                       (int)rows[0].value.n, rows[0].value.p, positive ? "positive" : "negative",
                       all[positive], 100.0 * (double)at_50[positive] / (double)all[positive],
                       100.0 * (double)at_90[positive] / (double)all[positive]);
}

static void report_rows(struct table_row *rows, size_t row_count, const struct train_sample *samples,
                        size_t count, const struct scan_model_parameters *model, struct buf *out)
{
    qsort(rows, row_count, sizeof *rows, by_value);
    for (size_t begin = 0, end; begin < row_count; begin = end) {
        for (end = begin; end < row_count && span_equal(rows[end].value, rows[begin].value); end++)
            ;
        report_value(rows + begin, end - begin, samples, count, model, out);
    }
}

static bool read_table(const char *path, struct buf *table, struct error *error)
{
    char part[8192];
    FILE *in = fopen(path, "r");
    if (!in)
        return error_set_errno(error, "%s", path);
    for (size_t n; (n = fread(part, 1, sizeof part, in)) > 0;)
        buf_append(table, part, n);
    bool ok = !ferror(in) || error_set_errno(error, "%s", path);
    fclose(in);
    return ok;
}

bool train_report_by(const char *table_path, const char *column, const struct train_sample *samples,
                     size_t count, const struct scan_model_parameters *model, struct buf *out,
                     struct error *error)
{
    struct buf table = {0};
    size_t path_at, value_at, row_count = 0;
    if (!read_table(table_path, &table, error)) {
        buf_free(&table);
        return false;
    }
    struct span rest = buf_span(&table), names = take_line(&rest);
    if (!find_column(names, "path", &path_at) || !find_column(names, column, &value_at)) {
        buf_free(&table);
        return error_set(error, "%s:1: there must be columns named path and %s", table_path, column);
    }
    struct table_row *rows = xcalloc(rest.n + 1, sizeof *rows);
    while (rest.n) {
        struct span line = take_line(&rest);
        if (line.n)
            rows[row_count++] = (struct table_row){cell(line, path_at), cell(line, value_at)};
    }
    report_rows(rows, row_count, samples, count, model, out);
    free(rows);
    buf_free(&table);
    return true;
}

bool train_report_write_scores(const char *path, const struct train_sample *samples, size_t count,
                               struct error *error)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return error_set_errno(error, "%s", path);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s\t%d\t%.4f\n", samples[i].name, samples[i].spam, samples[i].log_odds);
    bool ok = !ferror(out);
    if (fclose(out) != 0 || !ok)
        return error_set_errno(error, "%s", path);
    return true;
}
