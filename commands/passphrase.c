/* passphrase: a name that people know.  Accounts are the machine's, and so are their passphrases. */
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return shell_fail(sh, API_ERROR_WRONG_STATE,
                      "mailward keeps no passphrases: the accounts are those of the machine.\n"
                      "Change yours there with passwd, or log in with a key; 'userconfig' sets roles.");
}

static const char *const aliases[] = {"passwd", "password", NULL};

const struct command command_passphrase = {
    .name = "passphrase",
    .aliases = aliases,
    .summary = "tell where passphrases are changed",
    .flags = COMMAND_LOCAL,
    .run = run,
};
