/* incomingrelayconfig: machines of our own that bring mail from outside, and where its header says who sent it. */
#include "commands/list_table.h"
#include "commands/setup.h"

/* ---- one relay ---- */

static void set_text(struct answers *a, unsigned field, struct span text)
{
    a->values[field].text = text;
    a->given[field] = true;
}

/* The other place in which the address could stand is not looked at any more. */
static void take_custom_header(struct answers *a)
{
    set_text(a, INCOMING_RELAYS_RECEIVED_AFTER, SPAN(""));
    a->values[INCOMING_RELAYS_HOP].number = 1;
    a->given[INCOMING_RELAYS_HOP] = true;
}

/* What the options of a batch line say about those that were not given. */
static void settle(struct answers *a)
{
    bool custom = a->given[INCOMING_RELAYS_CUSTOM_HEADER],
         received = a->given[INCOMING_RELAYS_RECEIVED_AFTER];
    if (custom && !received && !a->given[INCOMING_RELAYS_HOP])
        take_custom_header(a);
    else if (received && !custom)
        set_text(a, INCOMING_RELAYS_CUSTOM_HEADER, SPAN(""));
}

static bool uses_received(const struct answers *a)
{
    return a->values[INCOMING_RELAYS_CUSTOM_HEADER].text.n == 0;
}

/* Asks for a text that has to be there. */
static enum ui_result ask_text(struct shell *sh, const struct step *step, const char *question,
                               struct answers *a)
{
    struct schema_field field = a->table->fields[step->field];
    field.least = 1;
    return ui_ask_field(sh, &field, question, a->arena, &a->values[step->field]);
}

static enum ui_result ask_source(struct shell *sh, const struct step *step, struct answers *a)
{
    static const char *const sources[] = {"A Received header.",
                                          "A custom header of the relay (recommended)."};
    size_t chosen = uses_received(a) ? 0 : 1;
    enum ui_result result = ui_choose(sh, step->question, sources, 2, &chosen);
    if (result != UI_DONE || chosen == 0) {
        a->values[step->field].text = SPAN("");
        return result;
    }
    take_custom_header(a);
    return ask_text(sh, step, "Enter the name of the custom header, without a colon:", a);
}

static enum ui_result ask_after(struct shell *sh, const struct step *step, struct answers *a)
{
    if (a->values[step->field].text.n == 0)
        a->values[step->field].text = SPAN("from");
    return ask_text(sh, step, step->question, a);
}

static const struct step relay_steps[] = {
    {.field = INCOMING_RELAYS_ADDRESS,
     .question = "Enter the address of the relay: an address, ADDRESS/BITS, or a range (10.2.3.1-10).",
     .flags = STEP_POSITIONAL},
    {.field = INCOMING_RELAYS_CUSTOM_HEADER,
     .question = "Which header holds the address of the sender?",
     .ask = ask_source},
    {.field = INCOMING_RELAYS_RECEIVED_AFTER,
     .question = "Enter the character or text behind which the address stands:",
     .when = uses_received,
     .ask = ask_after},
    {.field = INCOMING_RELAYS_HOP,
     .question = "Which Received header is it, counted back from this gateway? The relay's own is 1.",
     .when = uses_received},
};
static const struct form relay_form = {.table = SCHEMA_INCOMING_RELAYS,
                                       .steps = relay_steps,
                                       .step_count = sizeof relay_steps / sizeof relay_steps[0]};

static enum api_status batch_put(struct shell *sh, const struct call *call)
{
    const struct verb *verb = call->path[call->depth - 1];
    struct answers a;
    answers_begin(&a, &schema_tables[SCHEMA_INCOMING_RELAYS], NULL);
    enum api_status status = form_read(sh, &relay_form, call->arg_count, call->args, &a);
    if (status == API_DONE) {
        settle(&a);
        status =
            shell_edit(sh, json_pack("[o]", answers_to_edit(&a, verb->word, call->object[call->depth - 1])));
    }
    answers_end(&a);
    return status;
}

/* ---- all relays ---- */

static const struct verb relay_verbs[] = {
    {.word = "new",
     .text = "Create a new relay.",
     .object = "NAME",
     .form = &relay_form,
     .batch = batch_put,
     .dialogue = list_table_ask_new},
    {.word = "edit",
     .text = "Modify a relay.",
     .object = "NAME",
     .form = &relay_form,
     .batch = batch_put,
     .dialogue = list_table_ask_edit},
    LIST_TABLE_DELETE("relay", "NAME"),
    LIST_TABLE_PRINT("relays"),
    {.word = NULL},
};

static const struct out_column columns[] = {{"Relay Name", "name", 20, NULL},
                                            {"IP Address", "address", 24, NULL},
                                            {"Custom Header", "custom-header", 16, NULL},
                                            {"Received After", "received-after", 14, NULL},
                                            {"Received Number", "hop", 0, NULL}};

static const struct list_table relays = {
    .table = SCHEMA_INCOMING_RELAYS,
    .verbs = relay_verbs,
    .form = &relay_form,
    .plural = "incoming relays",
    .key_question = "Enter a name for the relay:",
    .choose_question = "Enter the name of the relay:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
};

static enum api_status ask_relays(struct shell *sh, void *context)
{
    (void)context;
    return list_table_dialogue(sh, &(struct list_rows){.list = &relays});
}

/* ---- the command ---- */

/* Who comes here wants it on. */
static enum ui_result ask_enabled(struct shell *sh, const struct step *step, struct answers *a)
{
    bool on = true;
    enum ui_result result = ui_yes_no(sh, step->question, &on);
    a->values[INCOMING_RELAY_ENABLED].number = on;
    return result;
}

static const struct step steps[] = {
    {.field = INCOMING_RELAY_ENABLED,
     .question = "Would you like to use incoming relays?",
     .flags = STEP_POSITIONAL | STEP_YES_NO,
     .ask = ask_enabled},
};
static const struct form form = {.table = SCHEMA_INCOMING_RELAY, .steps = steps, .step_count = 1};

static const struct verb verbs[] = {
    SETUP_VERB("Switch the use of incoming relays on or off.", &form),
    {.word = "relaylist",
     .text = "Edit the relays.",
     .verbs = relay_verbs,
     .list = &relays,
     .dialogue = ask_relays},
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "Incoming relays"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_incomingrelayconfig = {
    .name = "incomingrelayconfig",
    .summary = "find the sender of mail that relays of one's own bring",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
