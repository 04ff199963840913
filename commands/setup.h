/* Commands that edit a single table by one verb, `setup`: batch line and dialogue of one form. */
#ifndef COMMANDS_SETUP_H
#define COMMANDS_SETUP_H

#include "commands/command.h"

struct setup {
    const struct form *form;
    const char *title; /* above the present values */
    /* NULL: form_save() */
    enum api_status (*save)(struct shell *sh, struct answers *a, const char *key);
};

enum api_status setup_dialogue(struct shell *sh, const struct setup *setup, const struct verb *verbs);

enum api_status setup_batch(struct shell *sh, const struct call *call);
enum api_status setup_ask(struct shell *sh, void *context);

/* A step of its own for the field that says whether the licence is accepted; enabled is the field that follows from it.
 * Without a terminal the licence is not asked for, and accepted (R6). */
enum ui_result setup_ask_licence(struct shell *sh, const struct step *step, const char *licence,
                                 struct answers *a, unsigned enabled);

/* The verb; text is its line in menu and help. */
#define SETUP_VERB(text_, form_)                                                                             \
    {                                                                                                        \
        .word = "setup", .text = text_, .form = form_, .batch = setup_batch, .dialogue = setup_ask           \
    }

/* The same for one of several tables that a command edits. */
#define SETUP_VERB_OF(text_, form_, setup_)                                                                  \
    {                                                                                                        \
        .word = "setup", .text = text_, .form = form_, .setup = setup_, .batch = setup_batch,                \
        .dialogue = setup_ask                                                                                \
    }

#endif
