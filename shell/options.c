/* The options of mailward, and what ssh says in the environment. */
#include "shell/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

static const char usage[] = //
    "usage: mailward [OPTION...] [-c 'COMMAND; ...' | -f FILE]\n"
    "Without -c and -f commands come from standard input: a terminal, or lines.\n"
    "  -c LINE          run the commands of LINE; their dialogues read standard input\n"
    "  -f FILE          run the lines of FILE ('-': standard input)\n"
    "  --json           one JSON object for each command and one at the end\n"
    "  --check          check every command, change nothing\n"
    "  --keep-going     do not stop at the first error (but commit nothing after it)\n"
    "  --private DIR    the private instance in DIR; --state DIR: any state folder\n"
    "  --help, --version\n"
    "Exit status: 0 done, 1 failed, 2 wrong input, 3 refused, 4 invalid configuration, 5 conflict,\n"
    "  6 daemon unreachable, 7 uncommitted changes discarded, 8 not applied everywhere yet,\n"
    "  9 outcome unknown, 130 interrupted\n"
    "'help' lists the commands.\n";

static enum options_result show(FILE *to, const char *text)
{
    fputs(text, to);
    if (fflush(to) != 0)
        return OPTIONS_WRONG;
    return to == stdout ? OPTIONS_TOLD : OPTIONS_WRONG;
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
    enum { OPT_JSON = 256, OPT_CHECK, OPT_KEEP_GOING, OPT_STATE, OPT_VERSION, OPT_HELP };
    static const struct option names[] = {
        {"json", no_argument, NULL, OPT_JSON},
        {"check", no_argument, NULL, OPT_CHECK},
        {"keep-going", no_argument, NULL, OPT_KEEP_GOING},
        {"private", required_argument, NULL, OPT_STATE},
        {"state", required_argument, NULL, OPT_STATE},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.dir = SYSTEM_STATE_DIR};
    int c;
    while ((c = getopt_long(argc, argv, "c:f:", names, NULL)) != -1) {
        const char **text = c == 'c' ? &options->line : &options->file;
        if (c == OPT_STATE)
            options->dir = optarg;
        else if ((c == 'c' || c == 'f') && !*text)
            *text = optarg;
        else if (c == OPT_JSON)
            options->json = true;
        else if (c == OPT_CHECK)
            options->check = true;
        else if (c == OPT_KEEP_GOING)
            options->keep_going = true;
        else if (c == OPT_VERSION)
            return show(stdout, PACKAGE_STRING "\n");
        else
            return c == OPT_HELP ? show(stdout, usage) : show(stderr, usage);
    }
    if (optind < argc || (options->line && options->file))
        return show(stderr, usage);
    if (!options->line && !options->file)
        options->line =
            getenv("SSH_ORIGINAL_COMMAND"); /* the login was bound to this program by ForceCommand */
    return OPTIONS_RUN;
}
