/* policyconfig: the mail policies of both directions. */
#include "commands/policyconfig.h"

#include <string.h>

#include "commands/values.h"

/* ---- the table of policies ---- */

/* A stage without an engine (R18). */
static void put_not_available(struct buf *out, const json_t *row)
{
    (void)row;
    buf_printf(out, "Not Available");
}

static void put_antispam(struct buf *out, const json_t *row)
{
    bool on = strcmp(text_of(row, "antispam"), "on") == 0;
    bool multiscan = strcmp(text_of(row, "engine"), "multiscan") == 0;
    buf_printf(out, "%s", !on ? "Off" : multiscan ? "Multi-Scan" : "mailward");
}

static void put_graymail(struct buf *out, const json_t *row)
{
    buf_printf(out, "%s", strcmp(text_of(row, "graymail"), "on") == 0 ? "Enabled" : "Off");
}

static const struct out_column columns[] = {
    {"Name:", "name", 20, NULL},
    {"Anti-Spam:", "antispam", 16, put_antispam},
    {"Anti-Virus:", NULL, 15, put_not_available},
    {"Graymail:", "graymail", 15, put_graymail},
    {"Content Filter:", NULL, 16, put_not_available},
    {"Outbreak Filters:", NULL, 0, put_not_available},
};

struct listing {
    json_t *rows;
    json_t *rest; /* DEFAULT, which comes last */
};

static void take_policy(json_t *row, void *context)
{
    struct listing *listing = context;
    if (strcmp(text_of(row, "name"), "DEFAULT") == 0)
        listing->rest = json_incref(row);
    else
        json_array_append(listing->rows, row);
}

/* The policies in their order; NULL when status is not API_DONE. */
static enum api_status fetch_policies(struct shell *sh, const struct schema_table *table, json_t **rows)
{
    struct listing listing = {.rows = json_array()};
    enum api_status status = shell_call_rows(
        sh, json_pack("{s:s,s:s}", "method", "config.get", "table", table->name), take_policy, &listing);
    if (listing.rest)
        json_array_append_new(listing.rows, listing.rest);
    *rows = listing.rows;
    return status;
}

static enum api_status print_policies(struct shell *sh, const struct schema_table *table)
{
    json_t *rows;
    enum api_status status = fetch_policies(sh, table, &rows);
    if (status == API_DONE)
        out_table(sh, "policies", columns, sizeof columns / sizeof columns[0], rows);
    json_decref(rows);
    return status;
}

/* ---- batch ---- */

static const struct schema_table *table_of(const struct call *call)
{
    bool incoming = strcmp(call->path[0]->word, "incoming") == 0;
    return &schema_tables[incoming ? SCHEMA_INCOMING_POLICY : SCHEMA_OUTGOING_POLICY];
}

static enum api_status batch_print(struct shell *sh, const struct call *call)
{
    return print_policies(sh, table_of(call));
}

static enum api_status batch_service(struct shell *sh, const struct call *call)
{
    struct answers a;
    answers_begin(&a, table_of(call), NULL);
    enum api_status status =
        form_read(sh, call->path[call->depth - 1]->form, call->arg_count, call->args, &a);
    if (status == API_DONE)
        status = policy_check_engine(sh, &a);
    if (status == API_DONE)
        status = form_save(sh, &a, call->object[1]);
    answers_end(&a);
    return status;
}

/* ---- the dialogue: direction, table, policy, service ---- */

/* A block of settings that is on or off as a whole. */
struct service {
    unsigned field; /* on or off */
    const char *title;
    const struct form *details; /* the questions while it is on */
    enum api_status (*save)(struct shell *sh, struct answers *a, const char *key);
};

struct policy_state {
    const struct schema_table *table;
    const char *name; /* of the policy that is being edited */
    const struct service *service;
    bool on; /* the service; only known on a terminal */
};

static enum api_status show_block(struct shell *sh, void *context)
{
    struct policy_state *state = context;
    struct schema_row *row;
    enum api_status status = form_fetch(sh, state->table, state->name, &row);
    if (status != API_DONE)
        return status;
    state->on = schema_row_number(row, state->service->field) != 0;
    out_text(sh, "\nPolicy: %s\n%s: %s\n", state->name, state->service->title, state->on ? "Enabled" : "Off");
    if (state->on)
        form_show(sh, state->service->details, row);
    schema_row_unref(row);
    return API_DONE;
}

static enum api_status save_enabled(struct shell *sh, struct answers *a, const char *key, unsigned field)
{
    a->values[field].number = 1;
    a->given[field] = true;
    return form_save(sh, a, key);
}

static enum api_status save_antispam(struct shell *sh, struct answers *a, const char *key)
{
    return save_enabled(sh, a, key, POLICY_ANTISPAM);
}

static enum api_status save_graymail(struct shell *sh, struct answers *a, const char *key)
{
    return save_enabled(sh, a, key, POLICY_GRAYMAIL);
}

static const struct service antispam = {POLICY_ANTISPAM, "Anti-Spam", &policy_antispam_details,
                                        save_antispam},
                            graymail = {POLICY_GRAYMAIL, "Graymail", &policy_graymail_details, save_graymail};

static enum api_status ask_block(struct shell *sh, void *context)
{
    const struct policy_state *state = context;
    return form_change(sh, state->service->details, state->table, state->name, 0, NULL, state->service->save);
}

static enum api_status disable(struct shell *sh, void *context)
{
    const struct policy_state *state = context;
    return shell_edit(sh, json_pack("[{s:s,s:s,s:s,s:{s:s}}]", "table", state->table->name, "verb", "edit",
                                    "key", state->name, "fields",
                                    state->table->fields[state->service->field].name, "off"));
}

static const struct verb service_verbs[] = {
    {.word = "enable", .text = "Enable this service for the policy.", .dialogue = ask_block},
    {.word = "edit", .text = "Edit the settings of this service.", .dialogue = ask_block},
    {.word = "disable", .text = "Disable this service for the policy.", .dialogue = disable},
    {.word = NULL},
};

static bool service_is_shown(const struct verb *verb, void *context)
{
    const struct policy_state *state = context;
    return (verb == &service_verbs[0]) != state->on;
}

static enum api_status edit_service(struct shell *sh, struct policy_state *state,
                                    const struct service *service)
{
    static const struct ui_dialogue menu = {service_verbs, show_block, service_is_shown};
    state->service = service;
    return ui_run(sh, &menu, state);
}

static enum api_status edit_antispam(struct shell *sh, void *context)
{
    return edit_service(sh, context, &antispam);
}

static enum api_status edit_graymail(struct shell *sh, void *context)
{
    return edit_service(sh, context, &graymail);
}

static const struct verb policy_verbs[] = {
    {.word = "antispam",
     .text = "Modify the anti-spam settings of this policy.",
     .form = &policy_antispam_form,
     .batch = batch_service,
     .dialogue = edit_antispam},
    {.word = "graymail",
     .text = "Modify the graymail settings of this policy.",
     .form = &policy_graymail_form,
     .batch = batch_service,
     .dialogue = edit_graymail},
    {.word = NULL},
};

/* By number of the list or by name; the number counts first.  NULL: none. */
static const char *find_policy(const json_t *rows, struct span word)
{
    uint64_t number;
    if (span_parse_u64(word, &number) && number >= 1 && number <= json_array_size(rows))
        return text_of(json_array_get(rows, (size_t)number - 1), "name");
    size_t i;
    json_t *row;
    json_array_foreach(
        rows, i, row) if (span_equal_nocase(word, span_text(text_of(row, "name")))) return text_of(row,
                                                                                                   "name");
    return NULL;
}

static void show_numbers(struct shell *sh, const json_t *rows)
{
    size_t i;
    json_t *row;
    out_text(sh, "\n");
    json_array_foreach(rows, i, row)
    {
        out_text(sh, "%zu. %s\n", i + 1, text_of(row, "name"));
    }
}

static enum ui_result ask_policy(struct shell *sh, const json_t *rows, const char **name)
{
    struct buf answer = {0}, wrong = {0};
    enum ui_result result;
    bool again;
    if (shell_is_interactive(sh))
        show_numbers(sh, rows);
    do {
        buf_clear(&answer);
        again = false;
        result = ui_ask(sh, "Enter the name or number of the policy to edit:", "", &answer);
        if (result == UI_DONE && shell_is_interactive(sh) && !answer.len)
            result = UI_LEAVE;
        if (result != UI_DONE)
            break;
        *name = find_policy(rows, span_trim(buf_span(&answer)));
        if (*name)
            break;
        buf_printf(&wrong, "Policy '%s' does not exist", answer.data);
        again = ui_explain(sh, buf_text(&wrong));
        buf_clear(&wrong);
        result = UI_ABORT;
    } while (again);
    buf_free(&answer);
    buf_free(&wrong);
    return result;
}

static enum api_status edit_policy(struct shell *sh, void *context)
{
    static const struct ui_dialogue menu = {policy_verbs, NULL, NULL};
    struct policy_state *state = context;
    json_t *rows;
    enum api_status status = fetch_policies(sh, state->table, &rows);
    if (status == API_DONE) {
        enum ui_result result = ask_policy(sh, rows, &state->name);
        status = result == UI_DONE ? ui_run(sh, &menu, state) : ui_status(sh, result);
    }
    json_decref(rows);
    return status;
}

static enum api_status ask_print(struct shell *sh, void *context)
{
    return print_policies(sh, ((struct policy_state *)context)->table);
}

static const struct verb table_verbs[] = {
    {.word = "edit",
     .text = "Edit a policy.",
     .object = "NAME",
     .verbs = policy_verbs,
     .dialogue = edit_policy},
    {.word = "print", .text = "Display all policies.", .batch = batch_print, .dialogue = ask_print},
    {.word = NULL},
};

static const struct live incoming = {"config.keys", "incoming-policy", "keys", NULL},
                         outgoing = {"config.keys", "outgoing-policy", "keys", NULL};

static const struct verb direction_verbs[] = {
    {.word = "incoming", .text = "Policies for mail from outside.", .verbs = table_verbs, .live = &incoming},
    {.word = "outgoing",
     .text = "Policies for mail of clients that may relay.",
     .verbs = table_verbs,
     .live = &outgoing},
    {.word = NULL},
};

static enum api_status show_table(struct shell *sh, void *context)
{
    out_text(sh, "\n");
    return ask_print(sh, context);
}

static enum api_status dialogue(struct shell *sh)
{
    static const char *const directions[] = {"Incoming Mail Policies", "Outgoing Mail Policies"};
    static const enum schema_table_id tables[] = {SCHEMA_INCOMING_POLICY, SCHEMA_OUTGOING_POLICY};
    static const struct ui_dialogue menu = {table_verbs, show_table, NULL};
    size_t direction = 0;
    if (ui_choose(sh, "Which policies would you like to configure?", directions, 2, &direction) != UI_DONE)
        return shell_aborted(sh);
    struct policy_state state = {.table = &schema_tables[tables[direction]]};
    return ui_run(sh, &menu, &state);
}

const struct command command_policyconfig = {
    .name = "policyconfig",
    .summary = "configure the mail policies",
    .flags = COMMAND_CONFIG,
    .verbs = direction_verbs,
    .dialogue = dialogue,
};
