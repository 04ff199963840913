/* What the commands about the configuration's XML (showconfig, saveconfig, mailconfig) have in common: how secrets
 * appear in it. */
#ifndef COMMANDS_CONFIG_TEXT_H
#define COMMANDS_CONFIG_TEXT_H

#include "commands/command.h"
#include "commands/ui.h"

struct config_text {
    bool encrypt;        /* not masked */
    bool has_passphrase; /* the key comes from one, not from this machine */
    struct buf passphrase;
};

/* The words in front that are about secrets: answers to the question, in the forms that it had (y, n, 1, 2, 3), or
 * --passphrase.  Returns how many. */
int config_text_words(struct config_text *c, int arg_count, char **args);
/* On a terminal: the question. */
enum ui_result config_text_ask(struct shell *sh, struct config_text *c);
/* Reads the passphrase when there is one to be read: twice on a terminal. */
enum ui_result config_text_read(struct shell *sh, struct config_text *c);
/* A passphrase that is kept nowhere; empty is UI_LEAVE. */
enum ui_result config_text_passphrase(struct shell *sh, const char *prompt, struct buf *passphrase);
/* The request of config.export. */
json_t *config_text_request(const struct config_text *c);
void config_text_end(struct config_text *c);

/* For help. */
#define CONFIG_TEXT_USAGE "[1|2] [--passphrase]"
#define CONFIG_TEXT_DETAILS                                                                                  \
    "1 masks passphrases: such a file cannot be loaded. 2 encrypts them with the key of this machine, "      \
    "which\n"                                                                                                \
    "alone can load the file then; with --passphrase by a passphrase from the next line of the input,\n"     \
    "with which every machine can. y and n, the answers of older forms of the question, are 1 and 2;\n"      \
    "3 (plain) is taken as 2: no secret ever leaves in the clear.\n"

#endif
