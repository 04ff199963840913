/* mailward-featurekey: makes feature keys; the private key is one of `mailward-package keygen`.
 *
 * Exit status: 0, 1 something could not be done, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long, gmtime_r */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/offline/package_key.h"
#include "engine/base/clock.h"
#include "engine/package/feature_key.h"
#include "engine/schema/features.h"

struct options {
    const char *key, *serial, *begins;
    unsigned days; /* 0: perpetual */
};

static int usage(FILE *to, int status)
{
    fputs("Usage: mailward-featurekey --key FILE [OPTION]... FEATURE\n"
          "Write a feature key, one line, to standard output.\n"
          "\n"
          "  --key FILE        sign with this private key (see mailward-package keygen)\n"
          "  --serial NAME     for the gateway of this name alone; default: any\n"
          "  --begins DAY      valid from this day on, YYYY-MM-DD, 0:00 UTC; default: today\n"
          "  --days N          for so many days, 1 to 36500; default: perpetual\n"
          "  --help\n",
          to);
    return status;
}

static bool make(const struct options *o, const char *feature, struct error *error)
{
    struct buf text = {0}, line = {0};
    bool good = feature_key_put(&text, feature, o->serial, o->begins, o->days, error) &&
                package_key_sign_by(o->key, &text, error);
    if (good) {
        feature_key_put_line(&line, buf_span(&text));
        good =
            (puts(buf_text(&line)) >= 0 && fflush(stdout) == 0) || error_set_errno(error, "standard output");
    }
    buf_free(&text);
    buf_free(&line);
    return good;
}

static void put_today(char text[16])
{
    time_t now = (time_t)(clock_wall_us() / 1000000);
    struct tm day;
    gmtime_r(&now, &day);
    strftime(text, 16, "%Y-%m-%d", &day);
}

static bool take_days(const char *text, unsigned *days)
{
    uint64_t number;
    if (!span_parse_u64(span_text(text), &number) || number < 1 || number > FEATURE_DAYS_MAX)
        return false;
    *days = (unsigned)number;
    return true;
}

static int refuse_days(const char *text)
{
    fprintf(stderr, "mailward-featurekey: --days: a number from 1 to %d, not '%s'\n", FEATURE_DAYS_MAX, text);
    return 2;
}

/* No more than that: gateways of another version may know it. */
static void warn_of_unknown(const char *feature)
{
    static const char *const names[FEATURE_COUNT] = {
#define FEATURE(id, name, ...) [FEATURE_##id] = (name),
#include "engine/schema/features.def"
#undef FEATURE
    };
    for (int i = 0; i < FEATURE_COUNT; i++)
        if (strcmp(names[i], feature) == 0)
            return;
    fprintf(stderr, "mailward-featurekey: warning: this version knows no feature '%s', but", feature);
    for (int i = 0; i < FEATURE_COUNT; i++)
        fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    enum { KEY = 1, SERIAL, BEGINS, DAYS, HELP };
    static const struct option options[] = {
        {"key", required_argument, NULL, KEY},       {"serial", required_argument, NULL, SERIAL},
        {"begins", required_argument, NULL, BEGINS}, {"days", required_argument, NULL, DAYS},
        {"help", no_argument, NULL, HELP},           {0},
    };
    char today[16];
    put_today(today);
    struct options o = {.serial = "any", .begins = today};
    struct error error;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == HELP)
            return usage(stdout, 0);
        if (option == KEY)
            o.key = optarg;
        else if (option == SERIAL)
            o.serial = optarg;
        else if (option == BEGINS)
            o.begins = optarg;
        else if (option != DAYS)
            return usage(stderr, 2);
        else if (!take_days(optarg, &o.days))
            return refuse_days(optarg);
    }
    if (!o.key || optind != argc - 1)
        return usage(stderr, 2);
    warn_of_unknown(argv[optind]);
    if (make(&o, argv[optind], &error))
        return 0;
    fprintf(stderr, "mailward-featurekey: %s\n", error.text);
    return 1;
}
