/* mailward-scan: judges files, folders and mbox files with the very function that the gateway's workers use.
 *
 * Prints a line a message: path, tab, score; or with --json an object with verdict, score and reasons.
 * Exit status: 0 all judged, 1 something could not be read, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/offline/mail_files.h"
#include "daemon/offline/whole_file.h"
#include "daemon/paths.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/judge/judge.h"
#include "engine/judge/verdict_header.h"
#include "engine/scan/learned.h"
#include "engine/scan/rules.h"

struct scan_run {
    struct judge_runtime runtime;
    struct scan_model *model;
    struct scan_rules *rules;
    struct scan_learned *learned;
    struct arena *arena;
    const char *model_path, *rules_path, *learned_path;
    const char *field; /* to explain; NULL: judge paths */
    bool json, stats;
    uint64_t messages;
    int64_t judge_cpu_us;
};

static json_t *json_text(struct span s)
{
    struct buf text = {0};
    text_from_wire(&text, s, 4096);
    json_t *value = json_stringn(text.data ? text.data : "", text.len);
    buf_free(&text);
    return value;
}

/* unit is what the weights are. */
static json_t *json_reasons(const struct judge_reason *reasons, uint32_t count, const char *unit)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:f}", "name", json_text(reasons[i].name), unit,
                                              reasons[i].millilogodds / 1000.0));
    return list;
}

static json_t *json_graymail(const struct judge_child *child)
{
    return json_pack("{s:s, s:f, s:o}", "category", judge_graymail_name(child->graymail), "points",
                     child->graymail_points / 1000.0, "reasons",
                     json_reasons(child->graymail_reasons, child->graymail_reason_count, "points"));
}

/* A name may hold what would end the field or the line. */
static void print_plain(const char *name, int score)
{
    struct buf text = {0};
    text_from_wire(&text, span_text(name), 4096);
    printf("%s\t%d\n", buf_text(&text), score);
    buf_free(&text);
}

static void print_json(const char *name, const struct judge_child *child)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < child->reason_count; i++)
        sum += child->reasons[i].millilogodds;
    json_t *line = json_pack(
        "{s:o, s:s, s:i, s:f, s:b, s:o*, s:b, s:o, s:o}", "path", json_text(span_text(name)), "verdict",
        judge_verdict_name(child->verdict), "score", child->score, "log_odds", (double)sum / 1000, "partial",
        child->partial, "limited_rule", child->limited_rule.n ? json_text(child->limited_rule) : NULL,
        "test_header", child->test_mark, "reasons",
        json_reasons(child->reasons, child->reason_count, "log_odds"), "graymail", json_graymail(child));
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(line);
}

static void judge_one(void *context, const char *name, struct span message)
{
    struct scan_run *run = context;
    struct judge_input input = {.message = message};
    struct judge_result result;
    int64_t begin = clock_cpu_us();
    judge_message(&run->runtime, &input, NULL, run->arena, &result);
    run->judge_cpu_us += clock_cpu_us() - begin;
    run->messages++;
    if (run->json)
        print_json(name, &result.children[0]);
    else
        print_plain(name, result.children[0].score);
    arena_reset(run->arena);
}

/* ---- the header of a judged message ---- */

static void print_rule(const struct scan_rules *rules, uint32_t mark)
{
    struct scan_rule_info info;
    for (size_t i = 0; i < scan_rules_count(rules); i++) {
        scan_rules_info(rules, i, &info);
        if (judge_result_rule(&info) == mark) {
            printf("rule %.*s: %.*s\n", (int)info.name.n, info.name.p, (int)info.about.n, info.about.p);
            return;
        }
    }
    printf("rule %08x: not among these rules\n", (unsigned)mark);
}

/* What somebody copied from a message: the value, or the field with its name. */
static struct span field_value(struct span field)
{
    const char *colon = field.n ? memchr(field.p, ':', field.n) : NULL;
    return colon ? span_slice(field, (size_t)(colon + 1 - field.p), field.n) : field;
}

static bool explain_phdr(const struct scan_run *run, struct span text)
{
    struct judge_phdr_value value;
    if (!judge_phdr_value_get(text, &value) || value.graymail >= JUDGE_GRAYMAIL_ANSWERS)
        return false;
    printf("graymail %s, %.2f points\n", judge_graymail_name((enum judge_graymail)value.graymail),
           value.points / 100.0);
    for (uint32_t i = 0; i < value.rule_count; i++)
        print_rule(run->rules, value.rules[i]);
    return true;
}

/* Says what a value of X-IronPort-Anti-Spam-Result or IronPort-PHdr holds. */
static int explain_value(const struct scan_run *run, struct span text)
{
    struct judge_result_value value;
    if (explain_phdr(run, text))
        return 0;
    if (!judge_result_value_get(text, &value) || value.verdict > JUDGE_POSITIVE) {
        fprintf(stderr, "mailward-scan: this is no value of X-IronPort-Anti-Spam-Result or IronPort-PHdr, or "
                        "it is damaged\n");
        return 1;
    }
    printf("score %u, %s%s%s\n", value.score, judge_verdict_name(value.verdict),
           value.partial ? ", partial" : "", value.test_mark ? ", test header" : "");
    printf("engine: features %u, model %08x%s\n", value.features, (unsigned)value.model,
           value.model == scan_model_id(run->model) ? "" : " (not the one that is installed)");
    for (uint32_t i = 0; i < value.rule_count; i++)
        print_rule(run->rules, value.rules[i]);
    return 0;
}

/* words: the rest of a field that was typed without quotes. */
static int explain(const struct scan_run *run, char **words)
{
    struct buf field = {0};
    buf_append_span(&field, span_text(run->field));
    for (; *words; words++)
        buf_append_span(&field, span_text(*words));
    int status = explain_value(run, field_value(buf_span(&field)));
    buf_free(&field);
    return status;
}

static void print_stats(const struct scan_run *run, int64_t wall_us)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double messages = run->messages ? (double)run->messages : 1;
    fprintf(stderr, "%llu messages, %.0f/s, %.1f us CPU a message judged, %ld KiB at most\n",
            (unsigned long long)run->messages, messages * 1e6 / (double)(wall_us ? wall_us : 1),
            (double)run->judge_cpu_us / messages, usage.ru_maxrss);
}

static int usage(FILE *out, int status)
{
    fputs(
        "Usage: mailward-scan [OPTION]... PATH...\n"
        "Judge messages: files, folders (recursively) and mbox files.\n\n"
        "  --json             an object a line: path, verdict, score, log_odds, partial, limited_rule (if "
        "one met its\n"
        "                     limit), test_header, reasons, graymail\n"
        "  --model FILE       score with this model instead of the installed one\n"
        "  --rules PATH       with these rules, a file or a folder, instead of the installed ones\n"
        "  --learned FILE     and with what a gateway has learned: a file of its command 'learning export'\n"
        "  --no-size-limits   look at all of every message, whatever its size\n"
        "  --explain FIELD    say what this X-IronPort-Anti-Spam-Result or IronPort-PHdr holds: the value,\n"
        "                     or the whole field, folded or not\n"
        "  --stats            speed and memory on standard error at the end\n"
        "  --help\n",
        out);
    return status;
}

static int scan_paths(struct scan_run *run, char **paths)
{
    int status = 0;
    for (; *paths; paths++) {
        struct error error;
        if (!mail_files_walk(*paths, judge_one, run, &error)) {
            fprintf(stderr, "mailward-scan: %s\n", error.text);
            status = 1;
        }
    }
    return status;
}

enum { JSON = 1, MODEL, RULES, LEARNED, NO_SIZE_LIMITS, EXPLAIN, STATS, HELP };
static const struct option options[] = {
    {"json", no_argument, NULL, JSON},
    {"model", required_argument, NULL, MODEL},
    {"rules", required_argument, NULL, RULES},
    {"explain", required_argument, NULL, EXPLAIN},
    {"stats", no_argument, NULL, STATS},
    {"no-size-limits", no_argument, NULL, NO_SIZE_LIMITS},
    {"help", no_argument, NULL, HELP},
    {"learned", required_argument, NULL, LEARNED},
    {0},
};

/* Exit status for the caller to end with, or -1 to go on. */
static int take_options(int argc, char **argv, struct scan_run *run)
{
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case JSON:
            run->json = true;
            break;
        case MODEL:
            run->model_path = optarg;
            break;
        case RULES:
            run->rules_path = optarg;
            break;
        case LEARNED:
            run->learned_path = optarg;
            break;
        case NO_SIZE_LIMITS:
            run->runtime.scanners[JUDGE_SCANNER_ANTISPAM].always_scan_bytes = UINT64_MAX;
            run->runtime.scanners[JUDGE_SCANNER_ANTISPAM].never_scan_bytes = UINT64_MAX;
            run->runtime.graymail_never_bytes = UINT64_MAX;
            break;
        case EXPLAIN:
            run->field = optarg;
            break;
        case STATS:
            run->stats = true;
            break;
        case HELP:
            return usage(stdout, 0);
        default:
            return usage(stderr, 2);
        }
    }
    return optind < argc || run->field ? -1 : usage(stderr, 2);
}

static bool load_learned(struct scan_run *run, struct error *error)
{
    struct buf set = {0};
    struct error why;
    if (!run->learned_path)
        return true;
    if (!whole_file_read(run->learned_path, SCAN_LEARNED_BYTES, &set, error)) {
        buf_free(&set);
        return false;
    }
    run->runtime.learned = run->learned = scan_learned_fit(buf_span(&set), &why);
    buf_free(&set);
    return !why.text[0] || error_set(error, "%s: %s", run->learned_path, why.text);
}

/* Options of the command line win over what is installed. */
static bool load(struct scan_run *run, struct error *error)
{
    const char *model = run->model_path ? run->model_path : paths_find("spam.model", PKG_DATA_DIR);
    run->model = scan_model_load(model, SCAN_ASK_SPAM, error);
    if (!run->model)
        return false;
    run->rules =
        scan_rules_open(run->rules_path ? run->rules_path : paths_find("rules", PKG_DATA_DIR), error);
    run->runtime.model = run->model;
    run->runtime.rules = run->rules;
    return run->rules && load_learned(run, error);
}

static int finish(struct scan_run *run, int status)
{
    arena_free(run->arena);
    scan_learned_free(run->learned);
    scan_rules_free(run->rules);
    scan_model_free(run->model);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mailward-scan: the output could not be written\n");
        return 1;
    }
    return status;
}

int main(int argc, char **argv)
{
    struct scan_run run = {.arena = NULL};
    judge_runtime_defaults(&run.runtime);
    int status = take_options(argc, argv, &run);
    if (status >= 0)
        return status;
    run.arena = arena_new();
    struct error error;
    if (!load(&run, &error)) {
        fprintf(stderr, "mailward-scan: %s\n", error.text);
        return finish(&run, 1);
    }
    if (run.field)
        return finish(&run, explain(&run, argv + optind));
    mime_charsets_open();
    int64_t begin = clock_mono_us();
    status = scan_paths(&run, argv + optind);
    if (run.stats)
        print_stats(&run, clock_mono_us() - begin);
    return finish(&run, status);
}
