/* What dialogues are made of: menus, questions, confirmations, lists.
 *
 * On a terminal a wrong answer is explained and asked again, and "?" shows what can be answered.  Without one nothing is
 * shown and a wrong answer, or the end of the input, ends the command with status 2 and nothing changed (R6).
 */
#ifndef COMMANDS_UI_H
#define COMMANDS_UI_H

#include "commands/shell.h"
#include "engine/schema/schema.h"

enum ui_result {
    UI_DONE,
    UI_LEAVE, /* an empty answer to a menu, or on a terminal to a question that needs one: one level up */
    UI_ABORT, /* Ctrl-C, end of input, or a wrong answer without a terminal; the command ends with shell_aborted() */
};

struct verb;

/* The status of a command, or of one level of it, that ends with this: only UI_ABORT is an error. */
enum api_status ui_status(struct shell *sh, enum ui_result result);

/* "question\n[preset]> "; the answer, or preset when it is empty.  Appends to answer. */
enum ui_result ui_ask(struct shell *sh, const char *question, const char *preset, struct buf *answer);
/* The same for a field of the schema: a choice is a numbered list.  *value is the default and the result. */
enum ui_result ui_ask_field(struct shell *sh, const struct schema_field *field, const char *question,
                            struct arena *arena, struct schema_value *value);
/* "question [Y]> ": a setting, asked everywhere. */
enum ui_result ui_yes_no(struct shell *sh, const char *question, bool *yes);
/* "question []> ": Enter alone is no answer. */
enum ui_result ui_yes_or_no(struct shell *sh, const char *question, bool *yes);
/* The same for "are you sure": without a terminal not asked, and yes. */
enum ui_result ui_confirm(struct shell *sh, const char *question, bool preset, bool *yes);
/* "heading", "1. text" ..., "[2]> ".  *chosen is the default (0-based) and the result. */
enum ui_result ui_choose(struct shell *sh, const char *heading, const char *const *texts, size_t count,
                         size_t *chosen);

/* A wrong answer: on a terminal explained, and true (ask again); without one the error of the command, and false. */
bool ui_explain(struct shell *sh, const char *text);

/* "Choose the operation you want to perform:", a line for each verb of the menu, "[]> ".  Any case, unique prefixes.  The
 * menu comes again, with the present state above it, until it is left. */
struct ui_dialogue {
    const struct verb *verbs; /* those with .dialogue are the menu */
    /* Reads the state and shows it; only called on a terminal. */
    enum api_status (*header)(struct shell *sh, void *context);
    bool (*shown)(const struct verb *verb, void *context); /* NULL: all */
};
enum api_status ui_run(struct shell *sh, const struct ui_dialogue *dialogue, void *context);

#endif
