/* listenerconfig: where mail comes in, who may relay there, and for which recipients mail is taken. */
#include "commands/list_table.h"

/* ---- the tables below a listener ---- */

static const struct step recipient_steps[] = {
    {RCPTACCESS_ACCESS, "Should mail for it be accepted?", STEP_POSITIONAL, NULL, NULL},
};
static const struct form recipient_form = {SCHEMA_RCPTACCESS, recipient_steps, 1};
static const struct out_column recipient_columns[] = {{"Recipient", "recipient", 30, NULL},
                                                      {"Access", "access", 0, NULL}};
static const struct verb recipient_verbs[] = {
    LIST_TABLE_VERBS("recipient", "recipients", "RECIPIENT", &recipient_form),
    {.word = NULL},
};
static const struct list_table recipients = {
    .table = SCHEMA_RCPTACCESS,
    .verbs = recipient_verbs,
    .form = &recipient_form,
    .plural = "recipients",
    .key_question = "Enter the recipient: user@domain, user@, a domain, .domain for all below it, or ALL.",
    .choose_question = "Enter the recipient:",
    .columns = recipient_columns,
    .column_count = 2,
};

static const struct out_column host_columns[] = {{"Host", "host", 0, NULL}};
static const struct verb host_verbs[] = {
    LIST_TABLE_NEW("host that may relay", "HOST", NULL),
    LIST_TABLE_DELETE("host that may relay", "HOST"),
    LIST_TABLE_WHOLE("hosts that may relay"),
    {.word = NULL},
};
static const struct list_table hosts = {
    .table = SCHEMA_HOSTACCESS,
    .verbs = host_verbs,
    .plural = "hosts that may relay",
    .key_question = "Enter the host that may relay: an address, or ADDRESS/BITS for a network.",
    .choose_question = "Enter the host:",
    .columns = host_columns,
    .column_count = 1,
};

/* ---- one listener ---- */

static const struct step steps[] = {
    {LISTENERS_KIND, "Is it a public or a private listener?", STEP_POSITIONAL, NULL, NULL},
    {LISTENERS_ADDRESS, "Enter the address to listen on; 0.0.0.0 or :: for all.", STEP_POSITIONAL, NULL,
     NULL},
    {LISTENERS_PORT, "Enter the TCP port.", STEP_POSITIONAL, NULL, NULL},
    {LISTENERS_TLS, "Should STARTTLS be offered, or even required?", 0, NULL, NULL},
};
static const struct form form = {SCHEMA_LISTENERS, steps, sizeof steps / sizeof steps[0]};

static enum api_status batch_setup(struct shell *sh, const struct call *call)
{
    struct answers a;
    answers_begin(&a, &schema_tables[SCHEMA_LISTENERS], NULL);
    enum api_status status = form_read(sh, &form, call->arg_count, call->args, &a);
    if (status == API_DONE)
        status = form_save(sh, &a, call->object[0]);
    answers_end(&a);
    return status;
}

/* context of its dialogue: its name */

static enum api_status ask_setup(struct shell *sh, void *context)
{
    return form_change(sh, &form, &schema_tables[SCHEMA_LISTENERS], context, 0, NULL, form_save);
}

static enum api_status ask_recipients(struct shell *sh, void *context)
{
    return list_table_dialogue(sh, &(struct list_rows){&recipients, context});
}

static enum api_status ask_hosts(struct shell *sh, void *context)
{
    return list_table_dialogue(sh, &(struct list_rows){&hosts, context});
}

static const struct verb listener_verbs[] = {
    {.word = "setup",
     .text = "Change its kind, address, port or TLS.",
     .form = &form,
     .batch = batch_setup,
     .dialogue = ask_setup},
    {.word = "hostaccess",
     .text = "Edit the hosts that may relay through it.",
     .verbs = host_verbs,
     .list = &hosts,
     .dialogue = ask_hosts},
    {.word = "rcptaccess",
     .text = "Edit the recipients that it takes mail for.",
     .verbs = recipient_verbs,
     .list = &recipients,
     .dialogue = ask_recipients},
    {.word = NULL},
};

static enum api_status show_listener(struct shell *sh, void *context)
{
    struct schema_row *row;
    enum api_status status = form_fetch(sh, &schema_tables[SCHEMA_LISTENERS], context, &row);
    if (status != API_DONE)
        return status;
    out_text(sh, "\nListener: %s\n", (const char *)context);
    form_show(sh, &form, row);
    schema_row_unref(row);
    return API_DONE;
}

/* ---- all listeners ---- */

static enum api_status ask_edit(struct shell *sh, void *context)
{
    static const struct ui_dialogue menu = {listener_verbs, show_listener, NULL};
    struct buf name = {0};
    (void)context;
    enum ui_result result = ui_ask(sh, "Enter the name of the listener:", "", &name);
    buf_text(&name);
    enum api_status status = result != UI_DONE ? shell_aborted(sh)
                             : name.len        ? ui_run(sh, &menu, name.data)
                                               : API_DONE;
    buf_free(&name);
    return status;
}

static const struct verb verbs[] = {
    LIST_TABLE_NEW("listener", "NAME", &form),
    {.word = "edit",
     .text = "Modify a listener.",
     .object = "NAME",
     .verbs = listener_verbs,
     .dialogue = ask_edit},
    LIST_TABLE_DELETE("listener, with its recipients and hosts", "NAME"),
    LIST_TABLE_PRINT("listeners"),
    {.word = NULL},
};

static const struct out_column columns[] = {{"Name", "name", 20, NULL},
                                            {"Kind", "kind", 8, NULL},
                                            {"Address", "address", 15, NULL},
                                            {"Port", "port", 5, NULL},
                                            {"TLS", "tls", 0, NULL}};

static const struct list_table listeners = {
    .table = SCHEMA_LISTENERS,
    .verbs = verbs,
    .form = &form,
    .plural = "listeners",
    .key_question = "Enter a name for the listener:",
    .choose_question = "Enter the name of the listener:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
};

static enum api_status dialogue(struct shell *sh)
{
    return list_table_dialogue(sh, &(struct list_rows){.list = &listeners});
}

const struct command command_listenerconfig = {
    .name = "listenerconfig",
    .summary = "configure listeners: where mail comes in, from whom and for whom",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .list = &listeners,
};
