/* loadconfig: a configuration file, whole or some sections of it, into the pending changes.
 *
 * The file is read twice: first to find whatever is wrong with it, then to send its rows, which count when the last is
 * there and the whole could be committed.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/config_reader.h"
#include "commands/config_text.h"
#include "commands/list_table.h"
#include "commands/values.h"
#include "engine/base/xalloc.h"

enum {
    PIECE_EDITS = 2000,       /* of a request ... */
    PIECE_BYTES = 256 * 1024, /* ... or less: far below API_REQUEST_MAX */
    EDIT_BYTES = 80           /* what every edit and every field has besides its texts */
};

struct loading {
    struct shell *sh;
    struct span text;
    struct config_reader_facts facts;
    bool has_passphrase;
    struct buf passphrase;
    bool sealed; /* the file has encrypted secrets, which its key must fit */
    json_t *edits;
    bool edits_sealed; /* of those in hand */
    size_t bytes;
    unsigned *lines; /* of the edits in hand */
    enum api_status status;
};

/* Programs look for the word at its start. */
static enum api_status abort_loading(struct loading *l)
{
    out_text(l->sh, "Aborting: nothing was loaded.\n");
    return l->status;
}

/* ---- looking ---- */

static bool look_at_section(const struct schema_table *table, unsigned line, void *context)
{
    (void)table, (void)line, (void)context;
    return true;
}

static bool look_at_row(const struct schema_table *table, const char *key, json_t *fields, unsigned line,
                        void *context)
{
    struct loading *l = context;
    const char *name;
    json_t *value;
    (void)table, (void)key, (void)line;
    json_object_foreach (fields, name, value)
        l->sealed |= json_is_object(value);
    return true;
}

/* ---- sending ---- */

static json_t *secrets_of(const struct loading *l)
{
    json_t *secrets = l->facts.secrets ? json_copy(l->facts.secrets) : json_object();
    if (l->has_passphrase)
        json_object_set_new(secrets, "passphrase", json_stringn(l->passphrase.data, l->passphrase.len));
    return secrets;
}

/* last: they count from now on; result receives whether anything differs. */
static bool send_piece(struct loading *l, bool last, json_t **result)
{
    json_t *answer = NULL, *request = json_pack("{s:s,s:o,s:b,s:b}", "method", "config.edit", "edits",
                                                l->edits, "more", (int)!last, "check", 1);
    if (l->edits_sealed)
        json_object_set_new(request, "secrets", secrets_of(l));
    l->edits = json_array();
    l->bytes = 0;
    l->edits_sealed = false;
    l->status = shell_call(l->sh, request, &answer);
    const json_t *edit = json_object_get(answer, "edit");
    if (l->status != API_DONE && json_is_integer(edit) && json_integer_value(edit) >= 0 &&
        json_integer_value(edit) < PIECE_EDITS)
        out_text(l->sh, "It is on line %u of the file.\n", l->lines[json_integer_value(edit)]);
    if (result)
        *result = json_incref(answer);
    json_decref(answer);
    return l->status == API_DONE;
}

/* edit is taken over. */
static bool add_edit(struct loading *l, json_t *edit, unsigned line)
{
    l->lines[json_array_size(l->edits)] = line;
    json_array_append_new(l->edits, edit);
    bool full = json_array_size(l->edits) >= PIECE_EDITS || l->bytes >= PIECE_BYTES;
    return !full || send_piece(l, false, NULL);
}

/* A section replaces what was there; the one row that can never be missing begins anew. */
static bool send_section(const struct schema_table *table, unsigned line, void *context)
{
    struct loading *l = context;
    if (table->kind == SCHEMA_SINGLE || table->owner)
        return true; /* its row says all; or went with the rows that it belongs to */
    if (!add_edit(l, json_pack("{s:s,s:s}", "table", table->name, "verb", "clear"), line))
        return false;
    return !table->fixed_key || add_edit(l,
                                         json_pack("{s:s,s:s,s:s,s:{}}", "table", table->name, "verb", "set",
                                                   "key", table->fixed_key, "fields"),
                                         line);
}

static bool send_row(const struct schema_table *table, const char *key, json_t *fields, unsigned line,
                     void *context)
{
    struct loading *l = context;
    const char *name;
    json_t *value;
    json_object_foreach (fields, name, value) {
        l->bytes += EDIT_BYTES + strlen(name);
        l->bytes += json_is_object(value) ? json_string_length(json_object_get(value, "encrypted"))
                                          : json_string_length(value);
        l->edits_sealed |= json_is_object(value);
    }
    l->bytes += EDIT_BYTES + (key ? strlen(key) : 0);
    return add_edit(
        l, json_pack("{s:s,s:s,s:s*,s:O}", "table", table->name, "verb", "set", "key", key, "fields", fields),
        line);
}

/* ---- a file ---- */

static bool look(struct loading *l)
{
    const struct config_reader reader = {look_at_section, look_at_row, l};
    struct error error;
    if (!config_read(l->text, &reader, &l->facts, &error))
        l->status = shell_fail(l->sh, API_ERROR_INVALID_VALUE, "Parsing failed: %s", error.text);
    else if (l->facts.sections == 0)
        l->status = shell_fail(l->sh, API_ERROR_INVALID_VALUE, "Parsing failed: the file has no settings");
    return l->status == API_DONE;
}

/* Whoever sits at a terminal is asked; a batch line must have said so. */
static bool find_passphrase(struct loading *l)
{
    const char *kind = text_of(l->facts.secrets, "key");
    if (!l->sealed || l->has_passphrase || strcmp(kind, "passphrase") != 0)
        return true;
    if (!shell_is_interactive(l->sh)) {
        l->status =
            shell_fail(l->sh, API_ERROR_WRONG_STATE,
                       "the secrets in this file are encrypted with a passphrase: with --passphrase it is "
                       "read from the next line of the input");
        return false;
    }
    l->has_passphrase = true;
    enum ui_result result = config_text_passphrase(
        l->sh, "\nEnter the passphrase that the secrets in this file are encrypted with.\n[]> ",
        &l->passphrase);
    l->status = ui_status(l->sh, result);
    return result == UI_DONE;
}

/* What was sent before somebody pressed Ctrl-C ends with any other request, and must not join a later edit. */
static void forget_pieces(struct loading *l)
{
    if (l->status == API_INTERRUPTED)
        shell_call(l->sh, json_pack("{s:s}", "method", "version"), NULL);
}

static bool send(struct loading *l, json_t **result)
{
    const struct config_reader reader = {send_section, send_row, l};
    struct error error;
    json_decref(l->facts.secrets);
    bool sent = config_read(l->text, &reader, &l->facts, &error) && send_piece(l, true, result);
    if (!sent)
        forget_pieces(l);
    return sent;
}

static enum api_status load_text(struct loading *l)
{
    json_t *result = NULL;
    l->edits = json_array();
    l->lines = xcalloc(PIECE_EDITS, sizeof *l->lines);
    if (!look(l) || !find_passphrase(l) || !send(l, &result))
        abort_loading(l);
    else if (json_is_true(json_object_get(result, "changed")))
        out_text(l->sh, "Values have been loaded.\nUse commit to make the changes active.\n");
    else
        out_text(l->sh, "No changes detected from current configuration.\n");
    if (l->status == API_DONE)
        out_value(l->sh, "changed", json_incref(json_object_get(result, "changed")));
    json_decref(result);
    json_decref(l->edits);
    json_decref(l->facts.secrets);
    free(l->lines);
    return l->status;
}

static enum api_status load(struct shell *sh, const char *file, bool has_passphrase)
{
    struct loading l = {.sh = sh, .has_passphrase = has_passphrase};
    struct buf text = {0};
    if (has_passphrase) {
        enum ui_result result = config_text_passphrase(sh, "\nEnter the passphrase.\n[]> ", &l.passphrase);
        l.status = result == UI_LEAVE ? shell_fail(sh, API_ERROR_INVALID_VALUE, "the passphrase is empty")
                                      : ui_status(sh, result);
    }
    if (l.status == API_DONE)
        l.status = list_read_file(sh, file, &text);
    l.text = buf_span(&text);
    if (l.status == API_DONE)
        load_text(&l);
    buf_free(&text);
    buf_free(&l.passphrase);
    return l.status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    bool has_passphrase = false;
    const char *file = NULL;
    for (int i = 0; i < arg_count; i++) {
        if (strcmp(args[i], "--passphrase") == 0)
            has_passphrase = true;
        else if (file)
            return command_usage_error(sh, &command_loadconfig, "'%s'", args[i]);
        else
            file = args[i];
    }
    return file ? load(sh, file, has_passphrase)
                : command_usage_error(sh, &command_loadconfig, "a file is missing");
}

static enum api_status dialogue(struct shell *sh)
{
    static const char *const ways[] = {"Paste via CLI", "Load from file"};
    size_t way = 0;
    struct buf name = {0};
    enum ui_result result = ui_choose(sh, "Choose how the configuration comes:", ways, 2, &way);
    if (result == UI_DONE && way == 1)
        result = ui_ask(sh, "Enter the name of the file to load:", "", &name);
    enum api_status status = ui_status(sh, result);
    if (result == UI_DONE && way == 0 && shell_is_interactive(sh))
        out_text(sh, "\nPaste the configuration now. Control-D on a blank line ends it, too.\n");
    if (result == UI_DONE && (way == 0 || name.len))
        status = load(sh, way == 0 ? "-" : buf_text(&name), false);
    buf_free(&name);
    return status;
}

const struct command command_loadconfig = {
    .name = "loadconfig",
    .summary = "load a configuration file into the pending changes",
    .flags = COMMAND_CONFIG,
    .usage = "FILE|- [--passphrase]",
    .details =
        "A section that is there replaces what was set, an empty one clears it, one that is missing changes\n"
        "nothing. Either all of the file is loaded or nothing; commit makes it active.\n"
        "--passphrase reads from the next line of the input what the secrets in the file are encrypted "
        "with.\n",
    .least_args = 1,
    .most_args = 2,
    .run = run,
    .dialogue = dialogue,
};
