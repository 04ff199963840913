/* What became of one command: where it stands in the input, what it said, how it ended.
 *
 * A command whose edits are still on their way has returned but is not over: its report stays with them.
 */
#ifndef SHELL_REPORT_H
#define SHELL_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "commands/shell.h"
#include "shell/words.h"

struct report {
    unsigned line, column, number; /* from 1; number: of the command in the input */
    unsigned answer_line;          /* the last line that its dialogue took; 0: none */
    char *text;                    /* the command as typed */
    enum api_status status;        /* of its first error */
    bool running;                  /* it has not returned */
    bool skipped;                  /* not done, because of an error before it: nothing is told of it */
    bool edit_failed;              /* what it says from now on would be untrue */
    bool only_checked;             /* --check: what it would say has not happened */
    bool asked;                    /* a person answered its questions */
    bool advised;                  /* ... which warned already of what is being sent */
    unsigned edits;                /* requests that were sent ahead and are not answered */
    /* Only with --json: */
    json_t *words, *warnings, *result;
    char *code;
    char *message;
    struct buf output;
};

/* Starts the report of a command that is about to run; it becomes sh->report. */
void report_begin(struct shell *sh, const struct words *words, unsigned line, unsigned column);
/* The running command returned this. */
void report_end(struct shell *sh, enum api_status status);
/* An error or a warning of this command; NULL: of the session. */
void report_error(struct shell *sh, struct report *r, enum api_status status, const char *code,
                  const char *message);
void report_warning(struct shell *sh, struct report *r, const char *sentence);
/* What the end of an answer says of this command; returns its status. */
enum api_status report_answer(struct shell *sh, struct report *r, const json_t *end);
/* Ends it when it has returned and nothing of it is on its way. */
void report_settle(struct shell *sh, struct report *r);
/* The last object of --json. */
void report_final(struct shell *sh, enum api_status status, const char *message);

#endif
