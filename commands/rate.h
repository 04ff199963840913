/* Commands that show a line every so many seconds. */
#ifndef COMMANDS_RATE_H
#define COMMANDS_RATE_H

#include "commands/command.h"

struct rate {
    const char *what; /* of the method `rate` */
    const char *heading;
    void (*put_row)(json_t *row, void *shell);
};

#define RATE_USAGE "SECONDS [COUNT]"

/* On a terminal without a COUNT until Ctrl-C, else COUNT lines, ten when none is given. */
enum api_status rate_run(struct shell *sh, const struct rate *rate, int arg_count, char **args);
enum api_status rate_ask(struct shell *sh, const struct rate *rate);
/* Prints the time of a row and these members, the list ended by NULL, each in ten columns. */
void rate_put_row(struct shell *sh, const json_t *row, const char *const *members);

#endif
