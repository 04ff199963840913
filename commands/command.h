/* A command of the shell: one file, one const descriptor, one line in commands.def (doc/adding-a-command.md).
 *
 * A descriptor is data: batch words, menus and help are all read from its verbs and their forms.  What does
 * not fit is plain C on the same primitives (ui.h, shell.h).
 */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include <stdbool.h>

#include "commands/form.h"
#include "commands/shell.h"

struct list_table;
struct setup;
struct verb;

/* A batch line on its way down the tree of verbs. */
enum { CALL_DEPTH_MAX = 8 };
struct call {
    const struct command *command;
    const struct verb *path[CALL_DEPTH_MAX]; /* verbs passed, the last is the one that runs */
    const char *object[CALL_DEPTH_MAX];      /* the name given to each, or NULL */
    int depth;                               /* number of verbs in path */
    int arg_count; /* words behind the last verb (and its object), options included */
    char **args;
};

/* Where names come from that only the daemon knows, for completion: strings in a list of the method's result. */
struct live {
    const char *method;
    const char *table;  /* whose keys; NULL: the method is about no table */
    const char *member; /* the list in the result */
    const char *of_row; /* its elements are objects, and this is the name in them; NULL: they are names */
};

/* A word of a menu and of batch lines. */
struct verb {
    const char *word;          /* lower case; menus show it in capitals */
    const char *text;          /* its line in menu and help */
    const char *object;        /* "DOMAIN": a name follows the word; NULL: none */
    const struct form *form;   /* the questions, and the options of the batch line; NULL: none */
    const char *usage;         /* the words behind it, when no form describes them */
    int least_args, most_args; /* of those words, when there is no form */
    const struct verb *verbs;  /* words that may follow; ended by .word == NULL */
    const struct list_table
        *list;     /* that those edit, of the object before it (list_table.h); NULL: the command's */
    const struct setup *setup; /* that it edits (setup.h); NULL: the command's */
    bool any_mode; /* whatever the command is restricted to */
    const struct live
        *live; /* what its object and those below it are; NULL: rows of the list, or free text */
    enum api_status (*batch)(struct shell *sh, const struct call *call);
    /* Chosen in a menu; context is that of ui_dialogue(). */
    enum api_status (*dialogue)(struct shell *sh, void *context);
};

enum command_flags {
    COMMAND_CONFIG = 1,         /* changes settings: takes effect with commit */
    COMMAND_LOCAL = 2,          /* needs no daemon */
    COMMAND_ABOUT_COMMANDS = 4, /* its first word is the name of one */
    /* In a cluster it can be run in one mode alone; the daemon refuses it elsewhere (levels.h). */
    COMMAND_MACHINE = 8,     /* it is about the mail of this machine */
    COMMAND_LOGIN_HOST = 16, /* it reads files or sessions of this machine */
    COMMAND_CLUSTER = 32,
};

struct command {
    const char *name;
    const char *const *aliases; /* ended by NULL; NULL: none */
    const char *summary;        /* one line for help */
    unsigned flags;
    const struct verb *verbs; /* what may follow the name; NULL: none */
    const char *usage;        /* the words that run takes */
    const char *details;      /* what they mean, whole lines for help; NULL: they speak for themselves */
    int least_args, most_args;
    const struct live *live; /* what run takes; NULL: free text */
    /* Lines that do not start with a verb; NULL: every line does. */
    enum api_status (*run)(struct shell *sh, int arg_count, char **args);
    enum api_status (*dialogue)(struct shell *sh); /* typed alone; NULL: run with no words */
    const struct setup *setup;                     /* of a command that edits one single table (setup.h) */
    const struct list_table *list;                 /* of a command that edits one list (list_table.h) */
    unsigned long tables; /* bits (1 << id) of tables that it sets, where setup, list and verbs do not tell */
};

#define COMMAND(name) extern const struct command command_##name;
#include "commands/commands.def"
#undef COMMAND
/* Sorted by name, ended by NULL. */
extern const struct command *const command_table[];

/* By name or alias, without regard to case. */
const struct command *command_find(const char *name);
/* Runs one command line that has been split into words; everything that goes wrong has been told. */
enum api_status command_run(struct shell *sh, int word_count, char **words);

/* The first of the words that is an option which the schema calls secret; count: none is. */
int command_secret_word(int count, char **words);

/* Tells that there is no such command, and the nearest one. */
enum api_status command_unknown(struct shell *sh, const char *name);
/* Tells what is wrong with the words and how the command is called. */
enum api_status command_usage_error(struct shell *sh, const struct command *command, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends what `help NAME` shows. */
void command_put_help(const struct command *command, struct buf *out);
/* Appends a line for each way to call the command: name, verbs, objects, options. */
void command_usage(const struct command *command, struct buf *out);
#endif
