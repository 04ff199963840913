/* certconfig: the certificates that listeners show for STARTTLS.
 *
 * A file may hold certificates and key in any order, with other text between them, as tools write it.  The key goes to
 * the daemon and never comes back.
 */
#include <string.h>

#include "commands/command.h"
#include "commands/list_table.h"
#include "commands/values.h"

static const char table_name[] = "certificates";

static enum api_status edit_one(struct shell *sh, json_t *edit)
{
    return edit ? shell_edit(sh, json_pack("[o]", edit))
                : shell_fail(sh, API_ERROR_INVALID_VALUE, "the text is not UTF-8");
}

/* ---- import ---- */

static void remove_returns(struct buf *text)
{
    size_t kept = 0;
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != '\r')
            text->data[kept++] = text->data[i];
    text->len = kept;
}

/* What else tools write (parameters of a curve, names) is of no use. */
static void sort_blocks(struct span text, struct buf *certificate, struct buf *key)
{
    struct span label, block;
    while (schema_pem_next(&text, &label, &block)) {
        const struct span wanted = SPAN("PRIVATE KEY");
        bool is_key =
            label.n >= wanted.n && span_equal(span_slice(label, label.n - wanted.n, wanted.n), wanted);
        struct buf *to = is_key ? key : certificate;
        if (!is_key && !span_equal(label, SPAN("CERTIFICATE")))
            continue;
        buf_append_span(to, block);
        buf_append_char(to, '\n');
    }
}

/* key_file NULL: everything is in the first. */
static enum api_status import(struct shell *sh, const char *name, const char *file, const char *key_file)
{
    struct buf text = {0}, certificate = {0}, key = {0};
    enum api_status status = list_read_secret_file(sh, file, &text);
    if (status == API_DONE && key_file)
        status = list_read_secret_file(sh, key_file, &text);
    remove_returns(&text);
    sort_blocks(buf_span(&text), &certificate, &key);
    if (status == API_DONE && (!certificate.len || !key.len))
        status = shell_fail(sh, API_ERROR_INVALID_VALUE, "there is no %s in PEM in '%s'",
                            certificate.len ? "private key" : "certificate", key_file ? key_file : file);
    if (status == API_DONE)
        status = edit_one(sh, json_pack("{s:s,s:s,s:s,s:{s:s%,s:s%}}", "table", table_name, "verb", "put",
                                        "key", name, "fields", "certificate", certificate.data,
                                        certificate.len, "private-key", key.data, key.len));
    buf_free(&text);
    buf_free(&certificate);
    buf_free(&key);
    return status;
}

static enum api_status batch_import(struct shell *sh, const struct call *call)
{
    return import(sh, call->object[0], call->args[0], call->arg_count > 1 ? call->args[1] : NULL);
}

/* ---- the others ---- */

static enum api_status make(struct shell *sh, const char *name)
{
    json_t *request = json_pack("{s:s,s:s}", "method", "certificate.make", "name", name);
    return request ? shell_call(sh, request, NULL)
                   : shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
}

static enum api_status delete_one(struct shell *sh, const char *name)
{
    return edit_one(sh, json_pack("{s:s,s:s,s:s}", "table", table_name, "verb", "delete", "key", name));
}

static void put_expiry(struct buf *out, const json_t *row)
{
    const json_t *expires = json_object_get(row, "expires");
    if (json_is_integer(expires))
        time_put(out, json_integer_value(expires));
}

static void put_names(struct buf *out, const json_t *row)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(row, "names"), i, name)
    {
        buf_printf(out, "%s%s", i ? ", " : "", json_string_value(name));
    }
}

static void take_row(json_t *row, void *context)
{
    json_array_append(context, row);
}

static enum api_status print(struct shell *sh)
{
    static const struct out_column columns[] = {
        {"Name", "name", 10, NULL},
        {"Expires", "expires", 29, put_expiry},
        {"Subject", "subject", 20, NULL},
        {"Issuer", "issuer", 20, NULL},
        {"Host Names", "names", 0, put_names},
    };
    json_t *rows = json_array();
    enum api_status status =
        shell_call_rows(sh, json_pack("{s:s}", "method", "certificate.list"), take_row, rows);
    if (status == API_DONE && (json_array_size(rows) || !shell_is_interactive(sh)))
        out_table(sh, table_name, columns, sizeof columns / sizeof columns[0], rows);
    else if (status == API_DONE)
        out_text(sh, "\nThere are no certificates: STARTTLS is not offered.\n");
    json_decref(rows);
    return status;
}

static enum api_status batch_print(struct shell *sh, const struct call *call)
{
    (void)call;
    return print(sh);
}

static enum api_status batch_delete(struct shell *sh, const struct call *call)
{
    return delete_one(sh, call->object[0]);
}

static enum api_status batch_make(struct shell *sh, const struct call *call)
{
    return make(sh, call->object[0]);
}

/* ---- the dialogue ---- */

static enum ui_result ask_name(struct shell *sh, struct arena *arena, const char **name)
{
    const struct schema_field *field = &schema_tables[SCHEMA_CERTIFICATES].fields[CERTIFICATES_NAME];
    struct schema_value value = {.text = SPAN("DEFAULT")};
    enum ui_result result = ui_ask_field(sh, field, "Enter the name of the certificate:", arena, &value);
    *name = arena_text(arena, value.text);
    return result;
}

static enum api_status with_name(struct shell *sh, enum api_status (*act)(struct shell *, const char *))
{
    struct arena *arena = arena_new();
    const char *name;
    enum api_status status = ask_name(sh, arena, &name) == UI_DONE ? act(sh, name) : shell_aborted(sh);
    arena_free(arena);
    return status;
}

static enum api_status import_asked(struct shell *sh, const char *name)
{
    struct buf question = {0}, file = {0};
    buf_printf(&question,
               "Enter the name of the file on machine \"%s\" with certificate and private key, or - to paste "
               "them here and end with a line that holds only a dot:",
               shell_hostname(sh));
    enum ui_result result = ui_ask(sh, buf_text(&question), "-", &file);
    enum api_status status = result == UI_DONE ? import(sh, name, buf_text(&file), NULL) : shell_aborted(sh);
    buf_free(&question);
    buf_free(&file);
    return status;
}

static enum api_status ask_import(struct shell *sh, void *context)
{
    (void)context;
    return with_name(sh, import_asked);
}

static enum api_status ask_make(struct shell *sh, void *context)
{
    (void)context;
    return with_name(sh, make);
}

static enum api_status ask_delete(struct shell *sh, void *context)
{
    (void)context;
    return with_name(sh, delete_one);
}

static enum api_status ask_print(struct shell *sh, void *context)
{
    (void)context;
    return print(sh);
}

static const struct live names = {"config.keys", "certificates", "keys", NULL};

static const struct verb verbs[] = {
    {.word = "import",
     .text = "Take a certificate and its private key from files.",
     .object = "NAME",
     .live = &names,
     .usage = "FILE|- [KEYFILE]",
     .least_args = 1,
     .most_args = 2,
     .batch = batch_import,
     .dialogue = ask_import},
    {.word = "selfsigned",
     .text = "Make a self-signed certificate for this host.",
     .object = "NAME",
     .batch = batch_make,
     .dialogue = ask_make},
    {.word = "print", .text = "Display all certificates.", .batch = batch_print, .dialogue = ask_print},
    {.word = "delete",
     .text = "Remove a certificate and its private key.",
     .object = "NAME",
     .live = &names,
     .batch = batch_delete,
     .dialogue = ask_delete},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, ask_print, NULL};
    return ui_run(sh, &menu, NULL);
}

const struct command command_certconfig = {
    .name = "certconfig",
    .summary = "configure the certificates for TLS",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .tables = 1ul << SCHEMA_CERTIFICATES,
};
