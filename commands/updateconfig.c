/* updateconfig: where updates of rules and models come from, and how often they are looked for. */
#include <string.h>

#include "commands/list_table.h"
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = UPDATES_SERVER,
     .question =
         "Enter the URL of the folder that updates come from (https://...), or nothing for no updates:"},
    {.field = UPDATES_AUTOMATIC, .question = "Should updates be looked for automatically?"},
    {.field = UPDATES_INTERVAL, .question = "Enter the seconds from one look to the next:"},
    {.field = UPDATES_PROXY, .question = "Enter the HTTP proxy (http://HOST:PORT), or nothing:"},
};
static const struct form form = {
    .table = SCHEMA_UPDATES, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
static const struct setup setup = {.form = &form, .title = "Updates"};

static enum api_status edit(struct shell *sh, const char *field, struct span text)
{
    json_t *edit = json_pack("{s:s,s:s,s:{s:s%}}", "table", "updates", "verb", "put", "fields", field,
                             text.n ? text.p : "", text.n);
    return edit ? shell_edit(sh, json_pack("[o]", edit))
                : shell_fail(sh, API_ERROR_INVALID_VALUE, "the text is not UTF-8");
}

/* ---- dynamichost ---- */

static enum api_status set_host(struct shell *sh, const char *host)
{
    struct buf url = {0};
    buf_printf(&url, "https://%s/", host);
    enum api_status status = edit(sh, "server", buf_span(&url));
    buf_free(&url);
    return status;
}

static enum api_status batch_host(struct shell *sh, const struct call *call)
{
    return set_host(sh, call->object[call->depth - 1]);
}

static enum api_status ask_host(struct shell *sh, void *context)
{
    (void)context;
    struct buf host = {0};
    enum ui_result result = ui_ask(sh, "Enter the update server as HOST or HOST:PORT:", "", &host);
    enum api_status status = result == UI_DONE ? set_host(sh, buf_text(&host)) : shell_aborted(sh);
    buf_free(&host);
    return status;
}

/* ---- the certificates that may vouch for a server ---- */

static enum api_status import_ca(struct shell *sh, const char *file)
{
    struct buf text = {0}, ca = {0};
    enum api_status status = list_read_file(sh, file, &text);
    struct span rest = buf_span(&text), label, block;
    while (schema_pem_next(&rest, &label, &block)) {
        if (!span_equal(label, SPAN("CERTIFICATE")))
            continue;
        buf_append_span(&ca, block);
        buf_append_char(&ca, '\n');
    }
    if (status == API_DONE && !ca.len)
        status = shell_fail(sh, API_ERROR_INVALID_VALUE, "there is no certificate in PEM in '%s'", file);
    if (status == API_DONE)
        status = edit(sh, "ca", buf_span(&ca));
    buf_free(&text);
    buf_free(&ca);
    return status;
}

static enum api_status batch_import_ca(struct shell *sh, const struct call *call)
{
    return import_ca(sh, call->args[0]);
}

static enum api_status batch_clear_ca(struct shell *sh, const struct call *call)
{
    (void)call;
    return edit(sh, "ca", SPAN(""));
}

static const struct verb ca_verbs[] = {
    {.word = "import",
     .text = "Take certificates in PEM from a file.",
     .usage = "FILE|-",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_import_ca},
    {.word = "clear", .text = "Trust those that this machine trusts.", .batch = batch_clear_ca},
    {.word = NULL},
};

static enum api_status ask_ca(struct shell *sh, void *context)
{
    (void)context;
    struct buf file = {0};
    enum ui_result result = ui_ask(
        sh,
        "Enter the file with the certificates, - to paste them here and end with a line that holds only a "
        "dot, or nothing to trust those that this machine trusts:",
        "", &file);
    enum api_status status = result != UI_DONE ? shell_aborted(sh)
                             : file.len        ? import_ca(sh, buf_text(&file))
                                               : edit(sh, "ca", SPAN(""));
    buf_free(&file);
    return status;
}

/* ---- the command ---- */

static const struct verb verbs[] = {
    SETUP_VERB("Edit where updates come from, and how often.", &form),
    {.word = "dynamichost",
     .text = "Set the server alone, by its name.",
     .object = "HOST",
     .batch = batch_host,
     .dialogue = ask_host},
    {.word = "ca",
     .text = "Set the certificates that may vouch for the server.",
     .verbs = ca_verbs,
     .dialogue = ask_ca},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_updateconfig = {
    .name = "updateconfig",
    .summary = "configure updates of rules and models",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
