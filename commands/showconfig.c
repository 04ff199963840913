/* showconfig: the configuration in force, as XML or JSON. */
#include <strings.h>

#include "commands/config_text.h"

static enum api_status show(struct shell *sh, struct config_text *c)
{
    enum ui_result result = config_text_read(sh, c);
    enum api_status status = result == UI_DONE ? shell_call(sh, config_text_request(c), NULL)
                             : result == UI_LEAVE && !shell_is_interactive(sh)
                                 ? shell_fail(sh, API_ERROR_INVALID_VALUE, "the passphrase is empty")
                                 : ui_status(sh, result);
    config_text_end(c);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct config_text c = {0};
    if (arg_count == 1 && strcasecmp(args[0], "json") == 0)
        return shell_call(sh, json_pack("{s:s}", "method", "config.show"), NULL);
    if (config_text_words(&c, arg_count, args) != arg_count)
        return command_usage_error(sh, &command_showconfig, "'%s'", args[arg_count - 1]);
    return show(sh, &c);
}

static enum api_status dialogue(struct shell *sh)
{
    struct config_text c = {0};
    enum ui_result result = shell_is_interactive(sh) ? config_text_ask(sh, &c) : UI_DONE;
    return result == UI_DONE ? show(sh, &c) : ui_status(sh, result);
}

const struct command command_showconfig = {
    .name = "showconfig",
    .summary = "show the configuration in force",
    .usage = "[json | " CONFIG_TEXT_USAGE "]",
    .details = "XML, or with json JSON; passphrases are masked unless told otherwise.\n" CONFIG_TEXT_DETAILS,
    .most_args = 3,
    .run = run,
    .dialogue = dialogue,
};
