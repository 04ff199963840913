/* mailward-rules: checks files of rules, and shows what each rule finds and costs.
 *
 * Mistakes are printed as FILE:LINE:COLUMN: TEXT.  Exit status: 0 all is well, 1 mistakes or something that could not
 * be read, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/offline/mail_files.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/scan/rules.h"

enum kind { HAM, SPAM, KINDS };

enum { PATHS_MOST = 64 };

struct check {
    struct scan_rules *rules;
    struct arena *arena;
    const char *paths[PATHS_MOST]; /* mail to measure on */
    enum kind kinds[PATHS_MOST];
    size_t path_count;
    enum kind kind; /* of the mail at work */
    uint64_t messages[KINDS];
    uint64_t *hits[KINDS]; /* by rule */
    int64_t *cpu_us;       /* by rule: its expression alone */
    int64_t pass_us;       /* all of the passes */
    uint8_t *hit;          /* by rule, of the message at work */
};

static void print_mistake(void *context, const char *file, unsigned line, unsigned column, const char *text)
{
    (void)context;
    fprintf(stderr, "%s:%u:%u: %s\n", file, line, column, text);
}

static void measure_view(struct check *c, const struct mime_view *view, struct span raw)
{
    const struct scan_rule_input input = {.view = view, .raw = raw, .graymail = true};
    const struct scan_rule_watch timed = {.cpu_us = c->cpu_us, .hit = c->hit};
    struct scan_hits hits;
    memset(c->hit, 0, scan_rules_count(c->rules));
    /* Once for the whole and once for the parts, as the many readings of the clock cost more than what they time. */
    int64_t begin = clock_cpu_us();
    scan_rules_run(c->rules, &input, NULL, NULL, c->arena, &hits);
    c->pass_us += clock_cpu_us() - begin;
    scan_rules_run(c->rules, &input, NULL, &timed, c->arena, &hits);
    c->messages[c->kind]++;
    for (size_t i = 0; i < scan_rules_count(c->rules); i++)
        c->hits[c->kind][i] += c->hit[i];
}

static void measure_message(void *context, const char *name, struct span message)
{
    (void)name;
    struct check *c = context;
    struct mime_view view;
    mime_view_build(message, 0, &mime_default_limits, NULL, c->arena, &view);
    measure_view(c, &view, message);
    arena_reset(c->arena);
}

/* Prose for rules that cannot be measured on mail: words of all lengths, figures, and all kinds of stops. */
static void measure_on_made_text(struct check *c)
{
    static const char *const words[] = {"We",     "shall", "meet",   "the",    "others", "at",
                                        "17:30,", "as",    "agreed", "on.",    "(Ask",   "Ann",
                                        "about)", "it",    "2026",   "letter", "-",      "please!\n"};
    struct buf text = {0};
    buf_append_span(&text, SPAN("From: Ann <ann@a.example>\r\nSubject: The meeting\r\n\r\n"));
    for (uint32_t seed = 1; text.len < 16384; seed = seed * 1664525 + 1013904223)
        buf_printf(&text, "%s ", words[(seed >> 16) % (sizeof words / sizeof words[0])]);
    for (int i = 0; i < 20; i++)
        measure_message(c, "", buf_span(&text));
    buf_free(&text);
}

static double per_message(const struct check *c, int64_t us)
{
    return (double)us / (double)(c->messages[HAM] + c->messages[SPAM]);
}

static void warn_of_unfiltered(const struct check *c)
{
    for (size_t i = 0; i < scan_rules_count(c->rules); i++) {
        struct scan_rule_info info;
        scan_rules_info(c->rules, i, &info);
        if (!info.literal)
            printf("%s:%u: %.*s has no literal of three bytes that every match holds, so it is tried on "
                   "every message: "
                   "%.1f us\n",
                   info.file, info.line, (int)info.name.n, info.name.p, per_message(c, c->cpu_us[i]));
    }
}

static double percent(uint64_t part, uint64_t all)
{
    return all ? 100.0 * (double)part / (double)all : 0;
}

static void print_table(const struct check *c)
{
    printf("%-32s %9s %9s %9s %7s\n", "rule", "spam %", "ham %", "us", "cost %");
    for (size_t i = 0; i < scan_rules_count(c->rules); i++) {
        struct scan_rule_info info;
        scan_rules_info(c->rules, i, &info);
        printf("%-32.*s %9.2f %9.2f %9.2f %7.1f\n", (int)info.name.n, info.name.p,
               percent(c->hits[SPAM][i], c->messages[SPAM]), percent(c->hits[HAM][i], c->messages[HAM]),
               per_message(c, c->cpu_us[i]), percent((uint64_t)c->cpu_us[i], (uint64_t)c->pass_us));
    }
    printf("%llu spam, %llu ham; a pass takes %.1f us CPU a message\n", (unsigned long long)c->messages[SPAM],
           (unsigned long long)c->messages[HAM], per_message(c, c->pass_us));
}

static bool measure(struct check *c, struct error *error)
{
    size_t count = scan_rules_count(c->rules);
    c->cpu_us = xcalloc(count + 1, sizeof *c->cpu_us);
    c->hit = xcalloc(count + 1, 1);
    for (unsigned kind = 0; kind < KINDS; kind++)
        c->hits[kind] = xcalloc(count + 1, sizeof *c->hits[kind]);
    bool ok = true;
    for (size_t i = 0; ok && i < c->path_count; i++) {
        c->kind = c->kinds[i];
        ok = mail_files_walk(c->paths[i], measure_message, c, error);
    }
    if (ok && !c->path_count)
        measure_on_made_text(c);
    if (ok && c->path_count && c->messages[HAM] + c->messages[SPAM])
        print_table(c);
    if (ok && c->messages[HAM] + c->messages[SPAM])
        warn_of_unfiltered(c);
    for (unsigned kind = 0; kind < KINDS; kind++)
        free(c->hits[kind]);
    free(c->hit);
    free(c->cpu_us);
    return ok;
}

/* One set: a file, or the files of a folder. */
static bool check_set(struct check *c, const char *path)
{
    struct error error = {""};
    struct scan_rule_complaints complaints = {.tell = print_mistake};
    c->messages[HAM] = c->messages[SPAM] = 0;
    c->pass_us = 0;
    int64_t begin = clock_cpu_us();
    c->rules = scan_rules_load(path, &complaints, &error);
    int64_t load_us = clock_cpu_us() - begin;
    bool ok = c->rules && measure(c, &error);
    if (ok)
        printf("%s: %zu rules, compiled in %.1f ms\n", path, scan_rules_count(c->rules),
               (double)load_us / 1000);
    else
        fprintf(stderr, "mailward-rules: %s\n", error.text);
    scan_rules_free(c->rules);
    return ok;
}

static int usage(FILE *out, int status)
{
    fputs("Usage: mailward-rules check [OPTION]... PATH...\n"
          "Check rules; each PATH is a set: a file, or a folder with files that end in .rules.\n\n"
          "  --spam MAIL   also show what each rule finds and costs on this mail: a file, a folder or an "
          "mbox file\n"
          "  --ham MAIL    the same for legitimate mail; both may be given again\n"
          "  --help\n",
          out);
    return status;
}

int main(int argc, char **argv)
{
    enum { HELP = KINDS };
    static const struct option options[] = {
        {"ham", required_argument, NULL, HAM},
        {"spam", required_argument, NULL, SPAM},
        {"help", no_argument, NULL, HELP},
        {0},
    };
    struct check c = {.path_count = 0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == HELP)
            return usage(stdout, 0);
        if (option >= KINDS || c.path_count == PATHS_MOST)
            return usage(stderr, 2);
        c.kinds[c.path_count] = (enum kind)option;
        c.paths[c.path_count++] = optarg;
    }
    if (argc - optind < 2 || strcmp(argv[optind], "check") != 0)
        return usage(stderr, 2);
    mime_charsets_open();
    c.arena = arena_new();
    bool ok = true;
    for (int i = optind + 1; i < argc; i++)
        ok = check_set(&c, argv[i]) && ok;
    arena_free(c.arena);
    return ok ? 0 : 1;
}
