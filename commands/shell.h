/* What a shell offers to commands: the daemon, output, input.  Implemented in shell/. */
#ifndef COMMANDS_SHELL_H
#define COMMANDS_SHELL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/wire/api.h"

struct shell;

/* ---- the daemon ---- */

/* Sends request (taken over) and waits for the end of the answer.  Edits that were sent before and failed end it first.
 * Error and warnings have been told.  result, when not NULL, receives the result object, which the caller owns; of a
 * request that failed without one the whole end of the answer ("conflicts"); NULL when there was no answer. */
enum api_status shell_call(struct shell *sh, json_t *request, json_t **result);
/* The same; each row of "rows" parts goes to visit instead. */
enum api_status shell_call_rows(struct shell *sh, json_t *request, void (*visit)(json_t *row, void *context),
                                void *context);
/* The same; "text" parts are appended to text, not shown. */
enum api_status shell_call_text(struct shell *sh, json_t *request, struct buf *text);
/* Asks for what a person may type next: the result (the caller's), or NULL when it is not there within 150 ms. */
json_t *shell_live(struct shell *sh, json_t *request);
/* One or more edits (an array, taken over), all or none.  In a batch they are sent ahead without waiting: an error is
 * then told for the line that they came from, and nothing behind them is done. */
enum api_status shell_edit(struct shell *sh, json_t *edits);
/* Commits, with a commit id of its own: after a lost answer it finds out by that what became of it.  result as for
 * shell_call().  With --check, or "check" in the request, nothing is committed and the result of success is NULL. */
enum api_status shell_commit(struct shell *sh, json_t *request, json_t **result);

/* ---- the mode of this session ---- */

/* The level that it acts at ("machine/mx.example.com"), and the name of the cluster, "" in none. */
const char *shell_level(const struct shell *sh);
const char *shell_cluster(const struct shell *sh);
/* Goes to another level ("machine": of this machine); NULL: asks the daemon again where it is. */
enum api_status shell_mode(struct shell *sh, const char *level);

/* ---- errors ---- */

/* Tells an error; returns its status. */
enum api_status shell_fail(struct shell *sh, enum api_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The status with which a command ends after UI_ABORT: 130 after Ctrl-C, else 2. */
enum api_status shell_aborted(struct shell *sh);

/* ---- output: text for people, values for --json; nothing in commands/ prints by itself ---- */

void out_text(struct shell *sh, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_span(struct shell *sh, struct span text);
/* From now on this command shows what happens as it happens: not screen by screen. */
void out_follows(struct shell *sh);
/* A member of the result object of --json; invisible in text.  value is taken over. */
void out_value(struct shell *sh, const char *name, json_t *value);
/* "Warning: ..." */
void out_warning(struct shell *sh, const char *sentence);

struct out_column {
    const char *title, *key; /* key: the member of each row */
    int width;               /* at least; the last column is never padded; negative: to the right */
    /* Appends what people are shown; NULL: the member as it is. */
    void (*cell)(struct buf *out, const json_t *row);
};
/* Rows (an array of objects, borrowed) as a table with underlined titles; with --json as result.NAME. */
void out_table(struct shell *sh, const char *name, const struct out_column *columns, size_t count,
               const json_t *rows);

/* ---- input ---- */

/* True when questions are shown: standard input and output are terminals. */
bool shell_is_interactive(const struct shell *sh);
/* Reads one answer of a dialogue (without its newline), showing prompt on a terminal.  False at Ctrl-C or the end. */
bool shell_read_answer(struct shell *sh, const char *prompt, struct buf *line);
/* What was answered last, and was shown since, is not to be logged: a secret, or no answer at all. */
void shell_hide_answer(struct shell *sh);
/* The same for a secret: a terminal shows nothing of what is typed, and it is not logged. */
bool shell_read_secret(struct shell *sh, const char *prompt, struct buf *line);
/* Reads data for an import from `-`: up to a line that holds only ".", or the end of the input. */
bool shell_read_data(struct shell *sh, struct buf *data);
/* The same for data with a secret in it, which a terminal does not show. */
bool shell_read_secret_data(struct shell *sh, struct buf *data);
/* Whether this word of the line that is being run was in quotes. */
bool shell_is_quoted(const struct shell *sh, const char *word);
/* Whether this session is for a person: lines are edited, output comes screen by screen.  False when there is no terminal to
 * change. */
bool shell_set_interactive(struct shell *sh, bool on);
/* The first word of the line that is being run. */
const char *shell_command_name(const struct shell *sh);
/* The session is to end after this command. */
void shell_leave(struct shell *sh);
const char *shell_hostname(struct shell *sh);

#endif
