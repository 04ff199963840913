/* mailconfig: the configuration in force as an attachment. */
#include "commands/config_text.h"

static enum api_status mail(struct shell *sh, struct config_text *c, json_t *recipients)
{
    json_t *sent = NULL;
    enum ui_result result = config_text_read(sh, c);
    enum api_status status;
    if (result == UI_DONE) {
        json_t *request = config_text_request(c);
        json_object_set(request, "recipients", recipients);
        status = shell_call(sh, request, &sent);
    } else if (result == UI_LEAVE && !shell_is_interactive(sh)) {
        status = shell_fail(sh, API_ERROR_INVALID_VALUE, "the passphrase is empty");
    } else {
        status = ui_status(sh, result);
    }
    if (sent && status == API_DONE) { /* none with --check */
        out_text(sh, "The configuration has been mailed (MID %" JSON_INTEGER_FORMAT ").\n",
                 json_integer_value(json_object_get(sent, "mid")));
        out_value(sh, "mid", json_incref(json_object_get(sent, "mid")));
    }
    json_decref(sent);
    json_decref(recipients);
    config_text_end(c);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct config_text c = {0};
    int taken = config_text_words(&c, arg_count, args);
    json_t *recipients = json_array();
    for (int i = taken; i < arg_count; i++)
        if (json_array_append_new(recipients, json_string(args[i])) != 0) {
            json_decref(recipients);
            return shell_fail(sh, API_ERROR_INVALID_VALUE, "an address is not UTF-8");
        }
    if (json_array_size(recipients) == 0) {
        json_decref(recipients);
        return command_usage_error(sh, &command_mailconfig, "an address is missing");
    }
    return mail(sh, &c, recipients);
}

/* "a@example.com, b@example.com" */
static json_t *split_addresses(struct span text)
{
    json_t *recipients = json_array();
    while (text.n) {
        size_t end = span_find(text, ',');
        struct span address = span_trim(span_slice(text, 0, end));
        if (address.n)
            json_array_append_new(recipients, json_stringn(address.p, address.n));
        text = span_slice(text, end + 1, text.n);
    }
    return recipients;
}

static enum api_status dialogue(struct shell *sh)
{
    struct config_text c = {0};
    struct buf answer = {0};
    enum ui_result result =
        ui_ask(sh, "Enter the addresses to which the configuration is to be mailed, separated by commas.", "",
               &answer);
    json_t *recipients = split_addresses(buf_span(&answer));
    buf_free(&answer);
    if (result == UI_DONE && json_array_size(recipients) && shell_is_interactive(sh))
        result = config_text_ask(sh, &c);
    if (result == UI_DONE && json_array_size(recipients))
        return mail(sh, &c, recipients);
    json_decref(recipients);
    return ui_status(sh, result);
}

const struct command command_mailconfig = {
    .name = "mailconfig",
    .summary = "send the configuration in force by mail",
    .usage = CONFIG_TEXT_USAGE " ADDRESS ...",
    .details = "XML, as an attachment; passphrases are masked unless told otherwise.\n" CONFIG_TEXT_DETAILS,
    .least_args = 1,
    .most_args = 23,
    .run = run,
    .dialogue = dialogue,
};
