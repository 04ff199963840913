/* A command of the shell: one file, one const descriptor, one line in table.c. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/wire/api.h"

struct shell; /* what the running shell offers to handlers */

struct command {
    const char *name;
    const char *summary; /* one line for help */
    const char *usage;   /* the words after the name */
    int least_args, most_args;
    /* args are the words after the name.  Returns the exit status. */
    enum api_status (*run)(struct shell *sh, int arg_count, char **args);
};

/* One for each file of this folder; table.c lists them. */
extern const struct command command_grep, command_help, command_status, command_tail, command_version;

/* Sorted by name, ended by NULL. */
extern const struct command *const command_table[];

const struct command *command_find(const char *name);

/* ---- what handlers may call ---- */

/* Sends request (taken over) and waits for the end of the answer; text frames go straight to the output.
 * result, when not NULL, receives the result object or NULL; the caller owns it.  An error has been shown. */
enum api_status shell_call(struct shell *sh, json_t *request, json_t **result);
/* Output of a command. */
void shell_print(struct shell *sh, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An error of the command line itself; returns API_USAGE. */
enum api_status shell_usage_error(struct shell *sh, const struct command *command);

#endif
