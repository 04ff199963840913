/* saveconfig: the configuration in force as a file. */
#include <string.h>

#include "commands/config_text.h"
#include "commands/values.h"

static enum api_status refuse_empty(struct shell *sh, enum ui_result result)
{
    return result == UI_LEAVE && !shell_is_interactive(sh)
               ? shell_fail(sh, API_ERROR_INVALID_VALUE, "the passphrase is empty")
               : ui_status(sh, result);
}

/* Programs take the quoted path from the seventh word behind the first, or from the line with "xml". */
static enum api_status write_file(struct shell *sh, json_t *request, const char *name)
{
    json_t *result = NULL;
    json_object_set_new(request, "save", json_true());
    if (name)
        json_object_set_new(request, "name", json_string(name));
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE && result) { /* none with --check */
        out_text(sh, "File written on machine \"%s\" to location \n\"/configuration/%s\".\n",
                 shell_hostname(sh), text_of(result, "name"));
        out_value(sh, "name", json_string(text_of(result, "name")));
    }
    json_decref(result);
    return status;
}

/* name NULL: the daemon chooses one. */
static enum api_status save(struct shell *sh, struct config_text *c, const char *name)
{
    enum ui_result result = config_text_read(sh, c);
    enum api_status status;
    if (result != UI_DONE)
        status = refuse_empty(sh, result);
    else if (name && strcmp(name, "-") == 0)
        status = shell_call(sh, config_text_request(c), NULL);
    else
        status = write_file(sh, config_text_request(c), name);
    config_text_end(c);
    return status;
}

/* A batch line asks nothing, and what it writes can be loaded (R9). */
static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct config_text c = {.encrypt = true};
    int taken = config_text_words(&c, arg_count, args);
    if (taken + 1 < arg_count)
        return command_usage_error(sh, &command_saveconfig, "'%s'", args[taken]);
    return save(sh, &c, taken < arg_count ? args[taken] : NULL);
}

static enum api_status dialogue(struct shell *sh)
{
    struct config_text c = {.encrypt = true};
    enum ui_result result = shell_is_interactive(sh) ? config_text_ask(sh, &c) : UI_DONE;
    return result == UI_DONE ? save(sh, &c, NULL) : ui_status(sh, result);
}

const struct command command_saveconfig = {
    .name = "saveconfig",
    .summary = "write the configuration in force to a file",
    .usage = CONFIG_TEXT_USAGE " [FILE|-]",
    .details = "XML, to a file of the configuration directory or to the output. Without an answer in the "
               "line a batch\n"
               "encrypts.\n" CONFIG_TEXT_DETAILS,
    .most_args = 4,
    .run = run,
    .dialogue = dialogue,
};
