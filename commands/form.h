/* The questions about one row of a table: asked one after the other in a dialogue, given as options in a batch line.
 *
 * A step names a schema field and its wording, and nothing else: type, range, default, option name, help and JSON key
 * come from the schema.
 */
#ifndef COMMANDS_FORM_H
#define COMMANDS_FORM_H

#include "commands/shell.h"
#include "commands/ui.h"
#include "engine/schema/schema.h"

enum { FORM_FIELDS_MAX = 64 };

/* The values of a row while they are asked for or read from a line. */
struct answers {
    const struct schema_table *table;
    struct schema_row *start; /* values that nobody has said yet */
    struct arena *arena;      /* the texts of those that were */
    struct schema_value values[FORM_FIELDS_MAX];
    bool given[FORM_FIELDS_MAX]; /* said by the user */
    bool asked;                  /* in a dialogue */
};

enum step_flags {
    STEP_POSITIONAL = 1, /* in batch a word of its own, not --NAME=VALUE */
    STEP_YES_NO = 2,     /* a flag (or off|on choice) asked as "question? [Y]> " */
    STEP_DIALOGUE_ONLY = 4,
    STEP_BATCH_ONLY = 8,
};

struct step {
    unsigned field;
    const char *question;
    unsigned flags;
    /* Asked only when true; NULL: always.  A batch line may always set it: what it means may come in the next line. */
    bool (*when)(const struct answers *a);
    /* For what one question cannot do (a subject is a kind and a text): asks in its place.  NULL: the usual way. */
    enum ui_result (*ask)(struct shell *sh, const struct step *step, struct answers *a);
};

struct form {
    enum schema_table_id table; /* whose fields the steps name, or one with the same fields */
    const struct step *steps;
    size_t step_count;
};

/* Starts from this row's values (from defaults when NULL). */
void answers_begin(struct answers *a, const struct schema_table *table, const struct schema_row *row);
void answers_end(struct answers *a);

/* Asks all steps; defaults are the present values. */
enum ui_result form_ask(struct shell *sh, const struct form *form, struct answers *a);
/* Reads the words of a batch line, options in any order, all or nothing. */
enum api_status form_read(struct shell *sh, const struct form *form, int arg_count, char **args,
                          struct answers *a);
/* Appends "on|off [--timeout=1..120] ...". */
void form_usage(const struct form *form, struct buf *out);
/* Appends a line for a field: range, default, help. */
void form_help_field(const struct schema_field *field, const char *name, struct buf *out);
/* The same for each option. */
void form_help(const struct form *form, struct buf *out);
/* The present values, a line each, for headers. */
void form_show(struct shell *sh, const struct form *form, const struct schema_row *row);

/* The present row of the candidate; the caller ends the reference.  key NULL: a single table. */
enum api_status form_fetch(struct shell *sh, const struct schema_table *table, const char *key,
                           struct schema_row **row);
/* What was given, as one edit (verb "edit", "new", ...) for shell_edit(). */
json_t *answers_to_edit(const struct answers *a, const char *verb, const char *key);
/* Changes a present row: fetches it, reads the words (args NULL: asks), and saves what was given. */
enum api_status form_change(struct shell *sh, const struct form *form, const struct schema_table *table,
                            const char *key, int arg_count, char **args,
                            enum api_status (*save)(struct shell *sh, struct answers *a, const char *key));
/* The usual way to save: one edit. */
enum api_status form_save(struct shell *sh, struct answers *a, const char *key);

#endif
