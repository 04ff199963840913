/* mailward-train: makes a model from folders of spam (or graymail) and of other mail, and measures it by cross-validation.
 *
 * The same mail, options and machine give the same file.  Exit status: 0 written, 1 something could not be read or
 * written, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long, fileno */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/offline/train_fit.h"
#include "daemon/offline/train_measure.h"
#include "engine/base/xalloc.h"
#include "engine/mime/view.h"

/* What a score of 50 and of 90 shall mean: the share of cross-validated ham that reaches it. */
static const double ham_at_50 = 0.0075, ham_at_90 = 0.001;

struct train_run {
    enum scan_question question;
    struct train_options options;
    struct train_set set;
    struct scan_rules *rules;
    const char *out_path;
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
        samples[(*count)++] = (struct train_sample){score.log_odds, example->spam};
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

/* Slope and offset that put the two agreed shares of ham at scores 50 and 90. */
static void calibrate(const struct train_sample *samples, size_t count, struct scan_model_parameters *model)
{
    double at_50 = train_threshold(samples, count, ham_at_50);
    double at_90 = train_threshold(samples, count, ham_at_90);
    model->offset = at_50;
    model->slope = at_90 > at_50 ? log(0.9 / 0.1) / (at_90 - at_50) : 1;
}

static void describe(const struct train_run *run, const struct train_sample *samples, size_t count,
                     struct buf *out)
{
    const struct train_options *o = &run->options;
    buf_printf(out,
               "%s%s%zu %s and %zu other (%zu duplicates left out); %u table bits, %u passes, mean of %u "
               "descents, rate %g, seed %llu\n",
               run->note, *run->note ? "\n" : "", train_set_count(&run->set, true),
               scan_question_name(run->question), train_set_count(&run->set, false), run->set.duplicates,
               o->table_bits, o->passes, o->descents, o->rate, (unsigned long long)o->seed);
    buf_printf(out, "cross-validation in %u parts, each thread or campaign wholly in one:\n", o->folds);
    static const double shares[] = {0.001, 0.005, 0.01};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        buf_printf(
            out, "  TPR %.2f %% at FPR %.1f %%\n",
            100 * train_rates_at(samples, count, train_threshold(samples, count, shares[i])).true_positive,
            100 * shares[i]);
    buf_printf(out, "  (1-AUC) %.4f %%\n", 100 * train_area_above(samples, count));
}

static void describe_scores(const struct train_sample *samples, size_t count,
                            const struct scan_model_parameters *model, struct buf *out)
{
    static const double scores[] = {50, 90};
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++) {
        double threshold = model->offset + log(scores[i] / (100 - scores[i])) / model->slope;
        struct train_rates rates = train_rates_at(samples, count, threshold);
        buf_printf(out, "  score >= %.0f: TPR %.2f %%, FPR %.2f %%\n", scores[i], 100 * rates.true_positive,
                   100 * rates.false_positive);
    }
}

/* Beside the old file, then over it, so that whoever has mapped the old one keeps it. */
static bool write_file(const char *path, const struct buf *file, struct error *error)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.new", path);
    const char *name = buf_text(&temporary);
    FILE *out = fopen(name, "wb");
    bool ok = out && fwrite(file->data, 1, file->len, out) == file->len && fflush(out) == 0;
    ok = ok && fsync(fileno(out)) == 0;
    if (out && fclose(out) != 0)
        ok = false;
    if (!ok || rename(name, path) != 0)
        ok = error_set_errno(error, "%s", path);
    buf_free(&temporary);
    return ok;
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
    struct buf description = {0}, file = {0};
    calibrate(samples, count, &model);
    describe(run, samples, count, &description);
    describe_scores(samples, count, &model, &description);
    model.description = span_slice(buf_span(&description), 0, SCAN_MODEL_DESCRIPTION_MAX);
    printf("%s", buf_text(&description));
    bool ok = true;
    if (run->out_path) {
        train_fit(&run->set, &run->options, run->options.folds, model, &file);
        ok = write_file(run->out_path, &file, error);
    }
    free(samples);
    buf_free(&description);
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
          "  --bits N             a table of 2^N weights, 8 to 20 (18)\n"
          "  --passes N           over all mail (6)\n"
          "  --descents N         of which the mean is taken (5)\n"
          "  --rate X             of the first pass (8)\n"
          "  --seed N             of order and parts (1)\n"
          "  --cross-validate N   in N parts, at least 2 (10)\n"
          "  --rules PATH         file or folder of rules whose hits are learnt, before any mail\n"
          "  --note TEXT          what it was trained on, kept in the model\n"
          "  --help\n",
          out);
    return status;
}

enum { POSITIVE = 1, NEGATIVE, QUESTION, OUT, NOTE, RULES, HELP, BITS, PASSES, DESCENTS, RATE, SEED, FOLDS };

static bool take_number(struct train_options *options, int option, const char *text)
{
    static const struct {
        double least, most;
    } ranges[] = {
        [BITS] = {SCAN_MODEL_LEAST_BITS, SCAN_FEATURE_BITS},
        [PASSES] = {1, 1000},
        [DESCENTS] = {1, 100},
        [RATE] = {1e-6, 1e6},
        [SEED] = {0, 1e9},
        [FOLDS] = {2, 1000},
    };
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= ranges[option].least && number <= ranges[option].most))
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
    case SEED:
        options->seed = (uint64_t)number;
        break;
    case FOLDS:
        options->folds = (unsigned)number;
        break;
    }
    return true;
}

/* Returns false for a usage error; a file that cannot be read is told in error and readable. */
static bool take_option(struct train_run *run, int option, bool *readable, struct error *error)
{
    switch (option) {
    case POSITIVE:
    case NEGATIVE:
        *readable = *readable && train_set_add_path(&run->set, optarg, option == POSITIVE, error);
        return true;
    case QUESTION:
        return scan_question_of_name(span_text(optarg), &run->question);
    case RULES:
        scan_rules_free(run->rules);
        run->set.rules = run->rules = scan_rules_open(optarg, error);
        *readable = *readable && run->rules;
        return true;
    case OUT:
        run->out_path = optarg;
        return true;
    case NOTE:
        run->note = optarg;
        return true;
    default:
        return option >= BITS && option <= FOLDS && take_number(&run->options, option, optarg);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"positive", required_argument, NULL, POSITIVE},
        {"spam", required_argument, NULL, POSITIVE},
        {"negative", required_argument, NULL, NEGATIVE},
        {"ham", required_argument, NULL, NEGATIVE},
        {"question", required_argument, NULL, QUESTION},
        {"out", required_argument, NULL, OUT},
        {"bits", required_argument, NULL, BITS},
        {"passes", required_argument, NULL, PASSES},
        {"descents", required_argument, NULL, DESCENTS},
        {"rate", required_argument, NULL, RATE},
        {"seed", required_argument, NULL, SEED},
        {"cross-validate", required_argument, NULL, FOLDS},
        {"note", required_argument, NULL, NOTE},
        {"rules", required_argument, NULL, RULES},
        {"help", no_argument, NULL, HELP},
        {0},
    };
    struct train_run run = {
        .options = {.table_bits = 18, .passes = 6, .descents = 5, .folds = 10, .rate = 8, .seed = 1},
        .note = "",
    };
    struct error error;
    bool ok = true;
    mime_charsets_open();
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == HELP)
            return usage(stdout, 0);
        if (!take_option(&run, option, &ok, &error))
            return usage(stderr, 2);
    }
    if (optind != argc)
        return usage(stderr, 2);
    ok = ok && train(&run, &error);
    if (!ok)
        fprintf(stderr, "mailward-train: %s\n", error.text);
    train_set_free(&run.set);
    scan_rules_free(run.rules);
    return ok ? 0 : 1;
}
