/* adminaccessconfig: the banner that is shown at log-in, and how long a session may be idle. */
#include "commands/list_table.h"
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = ACCESS_IDLE_LIMIT, .question = "After how many idle minutes should a session end?"},
};
static const struct form form = {
    .table = SCHEMA_ACCESS, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
static const struct setup setup = {.form = &form};

/* ---- the banner ---- */

static enum api_status set_banner(struct shell *sh, struct span text)
{
    json_t *edit = json_pack("{s:s,s:s,s:{s:s%}}", "table", schema_tables[SCHEMA_ACCESS].name, "verb", "edit",
                             "fields", "banner", text.n ? text.p : "", text.n);
    return edit ? shell_edit(sh, json_pack("[o]", edit))
                : shell_fail(sh, API_ERROR_INVALID_VALUE, "the text is not UTF-8");
}

static enum api_status import(struct shell *sh, const char *file)
{
    struct buf text = {0};
    enum api_status status = list_read_file(sh, file, &text);
    size_t kept = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\r')
            text.data[kept++] = text.data[i];
    text.len = kept;
    if (status == API_DONE)
        status = set_banner(sh, buf_span(&text));
    buf_free(&text);
    return status;
}

static enum api_status batch_import(struct shell *sh, const struct call *call)
{
    return import(sh, call->args[0]);
}

static enum api_status ask_import(struct shell *sh, void *context)
{
    (void)context;
    struct buf file = {0};
    enum ui_result result =
        ui_ask(sh, "Enter the name of the file with the banner, or - to type it here.", "-", &file);
    enum api_status status = result == UI_DONE ? import(sh, buf_text(&file)) : shell_aborted(sh);
    buf_free(&file);
    return status;
}

static enum api_status batch_clear(struct shell *sh, const struct call *call)
{
    (void)call;
    return set_banner(sh, SPAN(""));
}

static enum api_status ask_clear(struct shell *sh, void *context)
{
    (void)context;
    return set_banner(sh, SPAN(""));
}

/* ---- the whole ---- */

static enum api_status print(struct shell *sh)
{
    struct schema_row *row;
    enum api_status status = form_fetch(sh, &schema_tables[SCHEMA_ACCESS], NULL, &row);
    if (status != API_DONE)
        return status;
    struct span banner = schema_row_text(row, ACCESS_BANNER);
    out_text(sh, "Sessions end after %d idle minutes.\n", (int)schema_row_number(row, ACCESS_IDLE_LIMIT));
    if (banner.n)
        out_text(sh, "Banner:\n%.*s%s", (int)banner.n, banner.p, banner.p[banner.n - 1] == '\n' ? "" : "\n");
    else
        out_text(sh, "There is no banner.\n");
    schema_row_unref(row);
    return API_DONE;
}

static enum api_status batch_print(struct shell *sh, const struct call *call)
{
    (void)call;
    return print(sh);
}

static enum api_status show(struct shell *sh, void *context)
{
    (void)context;
    return print(sh);
}

static enum api_status ask_setup(struct shell *sh, void *context)
{
    const struct setup *asked = &setup;
    (void)context;
    return setup_ask(sh, &asked);
}

static const struct verb banner_verbs[] = {
    {.word = "import",
     .text = "Take the banner from a file.",
     .usage = "FILE|-",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_import,
     .dialogue = ask_import},
    {.word = "clear", .text = "Show no banner.", .batch = batch_clear, .dialogue = ask_clear},
    {.word = NULL},
};

static enum api_status ask_banner(struct shell *sh, void *context)
{
    static const struct ui_dialogue menu = {banner_verbs, NULL, NULL};
    return ui_run(sh, &menu, context);
}

static const struct verb verbs[] = {
    {.word = "setup",
     .text = "Set the time after which an idle session ends.",
     .form = &form,
     .batch = setup_batch,
     .dialogue = ask_setup},
    {.word = "banner",
     .text = "Set the text that is shown at log-in.",
     .verbs = banner_verbs,
     .dialogue = ask_banner},
    {.word = "print", .text = "Display the settings.", .batch = batch_print, .dialogue = show},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, show, NULL};
    return ui_run(sh, &menu, NULL);
}

const struct command command_adminaccessconfig = {
    .name = "adminaccessconfig",
    .summary = "configure the banner and the idle limit of sessions",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
