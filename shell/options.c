/* The options of mailward, from options.def, and what ssh says in the environment. */
#include "shell/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "engine/wire/api.h"
#include "shell/describe.h"

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, letter, name, argument, help) {letter, name, argument, help},
#include "shell/options.def"
#undef OPTION
};

static void put_usage(struct buf *out)
{
    buf_printf(out, "usage: mailward [OPTION...] [-c 'COMMAND; ...' | -f FILE]\n"
                    "Without -c and -f commands come from standard input: a terminal, or lines.\n");
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        struct buf head = {0};
        if (row->letter)
            buf_printf(&head, "-%c", row->letter);
        else
            buf_printf(&head, "--%s", row->name);
        if (row->argument)
            buf_printf(&head, " %s", row->argument);
        buf_printf(out, "  %-18s %s\n", buf_text(&head), row->help);
        buf_free(&head);
    }
    buf_printf(out, "Exit status:\n");
#define STATUS(id, number, help) buf_printf(out, "  %-18d %s\n", number, help);
#include "engine/wire/statuses.def"
#undef STATUS
    buf_printf(out, "'help' lists the commands.\n");
}

static enum options_result show(FILE *to, struct buf *text)
{
    fputs(buf_text(text), to);
    buf_free(text);
    return fflush(to) != 0 || to != stdout ? OPTIONS_WRONG : OPTIONS_TOLD;
}

static enum options_result show_usage(FILE *to)
{
    struct buf text = {0};
    put_usage(&text);
    return show(to, &text);
}

static enum options_result show_version(void)
{
    struct buf text = {0};
    buf_printf(&text, PACKAGE_STRING "\n");
    return show(stdout, &text);
}

static enum options_result show_description(const char *form)
{
    struct buf text = {0};
    return describe(form, &text) ? show(stdout, &text) : show_usage(stderr);
}

enum { LONG_OPTION = 256 };

/* The tables that getopt_long() wants. */
static void fill_getopt(struct option *names, char *letters)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        int takes = row->argument ? required_argument : no_argument;
        if (row->letter) {
            *letters++ = row->letter;
            *letters++ = ':';
        } else {
            *names++ = (struct option){row->name, takes, NULL, LONG_OPTION + i};
        }
    }
    *letters = '\0';
    *names = (struct option){0};
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
    struct option names[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 1];
    fill_getopt(names, letters);
    *options = (struct options){.dir = SYSTEM_STATE_DIR};
    int c;
    while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        const char **text = c == 'c' ? &options->line : &options->file;
        if (c == LONG_OPTION + OPTION_PRIVATE || c == LONG_OPTION + OPTION_STATE)
            options->dir = optarg;
        else if ((c == 'c' || c == 'f') && !*text)
            *text = optarg;
        else if (c == LONG_OPTION + OPTION_JSON)
            options->json = true;
        else if (c == LONG_OPTION + OPTION_CHECK)
            options->check = true;
        else if (c == LONG_OPTION + OPTION_KEEP_GOING)
            options->keep_going = true;
        else if (c == LONG_OPTION + OPTION_DESCRIBE)
            return show_description(optarg);
        else if (c == LONG_OPTION + OPTION_VERSION)
            return show_version();
        else
            return show_usage(c == LONG_OPTION + OPTION_HELP ? stdout : stderr);
    }
    if (optind < argc || (options->line && options->file))
        return show_usage(stderr);
    if (!options->line && !options->file)
        options->line =
            getenv("SSH_ORIGINAL_COMMAND"); /* the login was bound to this program by ForceCommand */
    return OPTIONS_RUN;
}

void option_put_word(struct buf *out, const struct option_row *row)
{
    if (row->letter)
        buf_printf(out, "-%c", row->letter);
    else
        buf_printf(out, "--%s", row->name);
}
