/* Commands that edit one list table: new, edit, delete, print, import, export, clear.
 *
 * A command gives its table, a form for the fields behind the key and its wording; verbs, dialogue, import and export
 * are the same for all (smtproutes.c is the shortest example).  Rows may belong to a row of another table (listenerconfig.c):
 * then its name stands before the verbs, and keys are typed and shown without it.
 */
#ifndef COMMANDS_LIST_TABLE_H
#define COMMANDS_LIST_TABLE_H

#include "commands/command.h"

struct list_table {
    enum schema_table_id table;
    const struct form *form;     /* of the fields behind the key; NULL: there are none */
    const struct verb *verbs;    /* LIST_TABLE_VERBS */
    const char *plural;          /* "SMTP routes" */
    const char *key_question;    /* asked for a new row */
    const char *choose_question; /* asked for the row to edit or delete */
    const struct out_column *columns;
    size_t column_count;
    bool shows_rows; /* a dialogue shows them above its menu: there are few */
};

/* The rows that a line or dialogue is about. */
struct list_rows {
    const struct list_table *list;
    const char *owner; /* they belong to it; NULL: the table has none */
};

enum api_status list_table_dialogue(struct shell *sh, const struct list_rows *rows);

enum api_status list_table_put(struct shell *sh, const struct call *call); /* new and edit */
enum api_status list_table_delete(struct shell *sh, const struct call *call);
enum api_status list_table_print(struct shell *sh, const struct call *call);
enum api_status list_table_import(struct shell *sh, const struct call *call);
enum api_status list_table_export(struct shell *sh, const struct call *call);
enum api_status list_table_clear(struct shell *sh, const struct call *call);

/* Of a menu; context is a struct list_state. */
enum api_status list_table_ask_new(struct shell *sh, void *context);
enum api_status list_table_ask_edit(struct shell *sh, void *context);
enum api_status list_table_ask_delete(struct shell *sh, void *context);
enum api_status list_table_ask_print(struct shell *sh, void *context);
enum api_status list_table_ask_import(struct shell *sh, void *context);
enum api_status list_table_ask_export(struct shell *sh, void *context);
enum api_status list_table_ask_clear(struct shell *sh, void *context);

/* The verbs of such a command; noun and plural are for their texts, key names the object. */
#define LIST_TABLE_NEW(noun, key, form_)                                                                     \
    {                                                                                                        \
        .word = "new", .text = "Create a new " noun ".", .object = key, .form = form_,                       \
        .batch = list_table_put, .dialogue = list_table_ask_new                                              \
    }
#define LIST_TABLE_EDIT(noun, key, form_)                                                                    \
    {                                                                                                        \
        .word = "edit", .text = "Modify a " noun ".", .object = key, .form = form_, .batch = list_table_put, \
        .dialogue = list_table_ask_edit                                                                      \
    }
#define LIST_TABLE_DELETE(noun, key)                                                                         \
    {                                                                                                        \
        .word = "delete", .text = "Remove a " noun ".", .object = key, .batch = list_table_delete,           \
        .dialogue = list_table_ask_delete                                                                    \
    }
#define LIST_TABLE_PRINT(plural)                                                                             \
    {                                                                                                        \
        .word = "print", .text = "Display all " plural ".", .batch = list_table_print,                       \
        .dialogue = list_table_ask_print                                                                     \
    }
/* All of a table: print, import, export, clear. */
#define LIST_TABLE_WHOLE(plural)                                                                             \
    LIST_TABLE_PRINT(plural),                                                                                \
        {.word = "import",                                                                                   \
         .text = "Replace all " plural " by those of a file.",                                               \
         .usage = "FILE|-",                                                                                  \
         .least_args = 1,                                                                                    \
         .most_args = 1,                                                                                     \
         .batch = list_table_import,                                                                         \
         .dialogue = list_table_ask_import},                                                                 \
        {.word = "export",                                                                                   \
         .text = "Write all " plural " to a file.",                                                          \
         .usage = "FILE|-",                                                                                  \
         .least_args = 1,                                                                                    \
         .most_args = 1,                                                                                     \
         .batch = list_table_export,                                                                         \
         .dialogue = list_table_ask_export},                                                                 \
    {                                                                                                        \
        .word = "clear", .text = "Remove all " plural ".", .batch = list_table_clear,                        \
        .dialogue = list_table_ask_clear                                                                     \
    }
#define LIST_TABLE_VERBS(noun, plural, key, form_)                                                           \
    LIST_TABLE_NEW(noun, key, form_), LIST_TABLE_EDIT(noun, key, form_), LIST_TABLE_DELETE(noun, key),       \
        LIST_TABLE_WHOLE(plural)

/* The key as it is stored, with the owner; in arena. */
const char *list_full_key(const struct list_rows *rows, const char *typed, struct arena *arena);
/* A row of the daemon as it is shown: its key without the owner. */
void list_hide_owner(const struct list_rows *rows, json_t *row);

/* ---- import and export (list_file.c); file: in the configuration directory, or "-" ---- */

enum api_status list_import(struct shell *sh, const struct list_rows *rows, const char *file);
enum api_status list_export(struct shell *sh, const struct list_rows *rows, const char *file);
/* Appends what is in the file, or what comes behind the command, to text. */
enum api_status list_read_file(struct shell *sh, const char *file, struct buf *text);
/* The same for a file with a secret in it: a terminal does not show what is typed or pasted. */
enum api_status list_read_secret_file(struct shell *sh, const char *file, struct buf *text);

#endif
