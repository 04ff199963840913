/* mailward-train: makes a model from folders of spam (or graymail) and of other mail, and measures it by cross-validation.
 *
 * The same mail, options and machine give the same file.  Exit status: 0 written, 1 something could not be read or
 * written, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/offline/train_fit.h"
#include "daemon/offline/train_measure.h"
#include "daemon/offline/train_report.h"
#include "daemon/offline/whole_file.h"
#include "daemon/paths.h"
#include "engine/base/xalloc.h"
#include "engine/mime/view.h"

struct train_run {
    enum scan_question question;
    struct train_options options;
    struct train_set set;
    struct scan_rules *rules;
    const char *out_path, *scores_path;
    const char *table_path, *column;
    const char *note;
};

static bool score_fold(const struct train_run *run, unsigned fold, struct train_sample *samples,
                       size_t *count, struct error *error)
{
    struct buf file = {0};
    struct scan_score score;
    train_fit(&run->set, &run->options, fold,
              (struct scan_model_parameters){.question = run->question, .slope = 1}, &file);
    struct scan_model *model = scan_model_parse(buf_span(&file), run->question, error);
    for (size_t i = 0; model && i < run->set.count; i++) {
        const struct train_example *example = &run->set.examples[i];
        if (train_fold(example, &run->options) != fold)
            continue;
        scan_model_score(model, &example->features, &score);
        samples[(*count)++] = (struct train_sample){score.log_odds, example->spam, example->name};
    }
    bool ok = model != NULL;
    scan_model_free(model);
    buf_free(&file);
    return ok;
}

/* Every message scored by a model that has not seen its fold. */
static struct train_sample *cross_validate(const struct train_run *run, size_t *count, struct error *error)
{
    struct train_sample *samples = xcalloc(run->set.count, sizeof *samples);
    *count = 0;
    for (unsigned fold = 0; fold < run->options.folds; fold++) {
        if (!score_fold(run, fold, samples, count, error)) {
            free(samples);
            return NULL;
        }
    }
    train_samples_sort(samples, *count);
    return samples;
}

/* Slope and offset that let the two agreed shares of other mail reach 50 and 90. */
static void calibrate(const struct train_options *options, const struct train_sample *samples, size_t count,
                      struct scan_model_parameters *model)
{
    double at_50 = train_threshold(samples, count, options->share_at_50);
    double at_90 = train_threshold(samples, count, options->share_at_90);
    model->offset = at_50;
    model->slope = at_90 > at_50 ? log(0.9 / 0.1) / (at_90 - at_50) : 1;
}

static void describe(const struct train_run *run, const struct train_sample *samples, size_t count,
                     struct buf *out)
{
    const struct train_options *o = &run->options;
    buf_printf(out,
               "%s%s%zu %s and %zu other (%zu duplicates left out); %u table bits, %u passes, mean of %u "
               "descents, rate %g, margin %g, seed %llu\n",
               run->note, *run->note ? "\n" : "", train_set_count(&run->set, true),
               scan_question_name(run->question), train_set_count(&run->set, false), run->set.duplicates,
               o->table_bits, o->passes, o->descents, o->rate, o->margin, (unsigned long long)o->seed);
    buf_printf(out, "cross-validation in %u parts, each thread or campaign wholly in one:\n", o->folds);
    train_report_figures(samples, count, out);
}

static bool train(struct train_run *run, struct error *error)
{
    train_set_drop_duplicates(&run->set);
    if (train_set_count(&run->set, true) == 0 || train_set_count(&run->set, false) == 0)
        return error_set(error, "there must be both kinds of mail to learn from");
    size_t count;
    struct train_sample *samples = cross_validate(run, &count, error);
    if (!samples)
        return false;
    struct scan_model_parameters model = {.question = run->question};
    struct buf description = {0}, by_source = {0}, file = {0};
    calibrate(&run->options, samples, count, &model);
    describe(run, samples, count, &description);
    train_report_scores(samples, count, &model, &description);
    model.description = span_slice(buf_span(&description), 0, SCAN_MODEL_DESCRIPTION_MAX);
    printf("%s", buf_text(&description));
    bool ok = !run->scores_path || train_report_write_scores(run->scores_path, samples, count, error);
    if (ok && run->table_path) {
        ok = train_report_by(run->table_path, run->column, samples, count, &model, &by_source, error);
        printf("%s", ok ? buf_text(&by_source) : "");
    }
    if (ok && run->out_path) {
        train_fit(&run->set, &run->options, run->options.folds, model, &file);
        ok = whole_file_write(run->out_path, buf_span(&file), error);
    }
    free(samples);
    buf_free(&description);
    buf_free(&by_source);
    buf_free(&file);
    return ok;
}

static int usage(FILE *out, int status)
{
    fputs("Usage: mailward-train --positive PATH... --negative PATH... [--out FILE] [OPTION]...\n"
          "Train a model; each PATH is a file, a folder or an mbox file and may be given again.\n\n"
          "  --question WORD      what the positive mail is: spam or graymail (spam)\n"
          "  --spam PATH          the same as --positive\n"
          "  --ham PATH           the same as --negative\n"
          "  --without FAMILY     of features, as reasons of a score name them; may be given again\n"
          "  --bits N             a table of 2^N weights, 8 to 20 (20)\n"
          "  --passes N           over all mail (6)\n"
          "  --descents N         of which the mean is taken (5)\n"
          "  --rate X             of the first pass (12)\n"
          "  --margin X           how wrong a probability must be to be learnt from (0.05)\n"
          "  --seed N             of order and parts (1)\n"
          "  --cross-validate N   in N parts, at least 2 (10)\n"
          "  --rules PATH         file or folder of rules whose hits are learnt, before any mail (the "
          "installed ones)\n"
          "  --share-at-50 X      of the negative mail that is to reach a score of 50 (0.0075)\n"
          "  --share-at-90 X      and of 90 (0.0005)\n"
          "  --scores FILE        write what cross-validation says of each message\n"
          "  --table FILE         tab-separated, with a column `path`: tell the shares by another column\n"
          "  --by COLUMN          which (source)\n"
          "  --note TEXT          what it was trained on, kept in the model\n"
          "  --help\n",
          out);
    return status;
}

enum {
    POSITIVE = 1,
    NEGATIVE,
    QUESTION,
    WITHOUT,
    OUT,
    SCORES,
    TABLE,
    COLUMN,
    NOTE,
    RULES,
    HELP,
    BITS,
    PASSES,
    DESCENTS,
    RATE,
    MARGIN,
    SEED,
    FOLDS,
    SHARE_50,
    SHARE_90
};

static bool read_number(int option, const char *text, double *number)
{
    static const struct {
        double least, most;
    } ranges[] = {
        [BITS] = {SCAN_MODEL_LEAST_BITS, SCAN_FEATURE_BITS},
        [PASSES] = {1, 1000},
        [DESCENTS] = {1, 100},
        [RATE] = {1e-6, 1e6},
        [MARGIN] = {0, 0.5},
        [SEED] = {0, 1e9},
        [FOLDS] = {2, 1000},
        [SHARE_50] = {0, 1},
        [SHARE_90] = {0, 1},
    };
    char *end;
    *number = strtod(text, &end);
    return end != text && !*end && *number >= ranges[option].least && *number <= ranges[option].most;
}

static bool take_number(struct train_options *options, int option, const char *text)
{
    double number;
    if (!read_number(option, text, &number))
        return false;
    switch (option) {
    case BITS:
        options->table_bits = (unsigned)number;
        break;
    case PASSES:
        options->passes = (unsigned)number;
        break;
    case DESCENTS:
        options->descents = (unsigned)number;
        break;
    case RATE:
        options->rate = number;
        break;
    case MARGIN:
        options->margin = number;
        break;
    case SEED:
        options->seed = (uint64_t)number;
        break;
    case FOLDS:
        options->folds = (unsigned)number;
        break;
    case SHARE_50:
        options->share_at_50 = number;
        break;
    case SHARE_90:
        options->share_at_90 = number;
        break;
    }
    return true;
}

/* The same rules as mail is judged with, unless others were named. */
static bool need_rules(struct train_run *run, struct error *error)
{
    if (!run->rules)
        run->set.rules = run->rules = scan_rules_open(paths_find("rules", PKG_DATA_DIR), error);
    return run->rules != NULL;
}

static bool leave_out(struct train_options *options, struct span name)
{
    for (unsigned family = 0; family < SCAN_FAMILIES; family++) {
        if (span_equal(name, span_text(scan_family_name(family)))) {
            options->left_out |= UINT32_C(1) << family;
            return true;
        }
    }
    return false;
}

/* Returns false for a usage error; a file that cannot be read is told in error and readable. */
static bool take_option(struct train_run *run, int option, bool *readable, struct error *error)
{
    switch (option) {
    case POSITIVE:
    case NEGATIVE:
        *readable = *readable && need_rules(run, error) &&
                    train_set_add_path(&run->set, optarg, option == POSITIVE, error);
        return true;
    case WITHOUT:
        return leave_out(&run->options, span_text(optarg));
    case QUESTION:
        return scan_question_of_name(span_text(optarg), &run->question);
    case RULES:
        scan_rules_free(run->rules);
        run->set.rules = run->rules = scan_rules_open(optarg, error);
        *readable = *readable && run->rules;
        return true;
    case SCORES:
        run->scores_path = optarg;
        return true;
    case TABLE:
        run->table_path = optarg;
        return true;
    case COLUMN:
        run->column = optarg;
        return true;
    case OUT:
        run->out_path = optarg;
        return true;
    case NOTE:
        run->note = optarg;
        return true;
    default:
        return option >= BITS && option <= SHARE_90 && take_number(&run->options, option, optarg);
    }
}

static const struct option options[] = {
    {"positive", required_argument, NULL, POSITIVE},
    {"spam", required_argument, NULL, POSITIVE},
    {"negative", required_argument, NULL, NEGATIVE},
    {"ham", required_argument, NULL, NEGATIVE},
    {"question", required_argument, NULL, QUESTION},
    {"without", required_argument, NULL, WITHOUT},
    {"out", required_argument, NULL, OUT},
    {"scores", required_argument, NULL, SCORES},
    {"bits", required_argument, NULL, BITS},
    {"passes", required_argument, NULL, PASSES},
    {"descents", required_argument, NULL, DESCENTS},
    {"rate", required_argument, NULL, RATE},
    {"margin", required_argument, NULL, MARGIN},
    {"seed", required_argument, NULL, SEED},
    {"cross-validate", required_argument, NULL, FOLDS},
    {"table", required_argument, NULL, TABLE},
    {"by", required_argument, NULL, COLUMN},
    {"share-at-50", required_argument, NULL, SHARE_50},
    {"share-at-90", required_argument, NULL, SHARE_90},
    {"note", required_argument, NULL, NOTE},
    {"rules", required_argument, NULL, RULES},
    {"help", no_argument, NULL, HELP},
    {0},
};

int main(int argc, char **argv)
{
    struct train_run run = {
        .options = {.table_bits = 20,
                    .passes = 6,
                    .descents = 5,
                    .folds = 10,
                    .rate = 12,
                    .margin = 0.05,
                    .seed = 1,
                    .share_at_50 = 0.0075,
                    .share_at_90 = 0.0005},
        .column = "source",
        .note = "",
    };
    struct error error;
    bool ok = true, usable = true;
    mime_charsets_open();
    for (int option; usable && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == HELP)
            return usage(stdout, 0);
        usable = take_option(&run, option, &ok, &error);
    }
    usable = usable && optind == argc;
    ok = ok && usable && train(&run, &error);
    if (!usable)
        usage(stderr, 2);
    else if (!ok)
        fprintf(stderr, "mailward-train: %s\n", error.text);
    train_set_free(&run.set);
    scan_rules_free(run.rules);
    return !usable ? 2 : ok ? 0 : 1;
}
