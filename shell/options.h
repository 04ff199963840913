/* The command line of mailward. */
#ifndef SHELL_OPTIONS_H
#define SHELL_OPTIONS_H

#include <stdbool.h>

#include "engine/base/buf.h"

enum option_id {
#define OPTION(id, letter, name, argument, help) OPTION_##id,
#include "shell/options.def"
#undef OPTION
    OPTION_COUNT
};

struct option_row {
    char letter;      /* 0: none */
    const char *name; /* NULL: none */
    const char *argument;
    const char *help;
};

extern const struct option_row option_rows[OPTION_COUNT];

struct options {
    const char *dir;  /* state folder of the daemon */
    const char *line; /* of -c, or of ForceCommand; NULL: none */
    const char *file; /* of -f; NULL: none */
    bool json, check, keep_going;
};

enum options_result { OPTIONS_RUN, OPTIONS_TOLD, OPTIONS_WRONG };

/* Reads the command line; what was only a question (--help) or is wrong has been answered. */
enum options_result options_read(struct options *options, int argc, char **argv);

/* Appends how the option is written: -c, --json. */
void option_put_word(struct buf *out, const struct option_row *row);

#endif
