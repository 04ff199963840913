/* help: the commands, or how one is called. */
#include "commands/command.h"
#include "commands/list_table.h"

static void list_commands(struct shell *sh)
{
    json_t *names = json_array();
    for (size_t i = 0; command_table[i]; i++) {
        out_text(sh, "%-16s %s\n", command_table[i]->name, command_table[i]->summary);
        json_array_append_new(names, json_string(command_table[i]->name));
    }
    out_text(sh, "\n`help COMMAND` shows how one is called.\n"
                 "`batch [json] [check] [keep-going];` in front of a batch sets these options for it.\n");
    out_value(sh, "commands", names);
}

/* The options of each form once; verbs that share one stand side by side. */
static void put_forms(struct buf *out, const struct verb *verbs, const struct form **last)
{
    for (const struct verb *v = verbs; v && v->word; v++) {
        if (v->form && v->form != *last) {
            buf_append_char(out, '\n');
            form_help(*last = v->form, out);
        }
        if (v == verbs || v->verbs != v[-1].verbs)
            put_forms(out, v->verbs, last);
    }
}

/* What it does stands in a column, on a line of its own when the words are longer. */
static void put_verb(struct buf *out, struct buf *words, const char *text)
{
    enum { WIDTH = 22 };
    if (words->len <= WIDTH)
        buf_printf(out, "  %-*s %s\n", WIDTH, buf_text(words), text);
    else
        buf_printf(out, "  %s\n   %*s%s\n", buf_text(words), WIDTH, "", text);
}

/* A line for each verb; head: the words before it. */
static void put_verbs(struct buf *out, const struct verb *verbs, struct buf *head)
{
    for (const struct verb *v = verbs; v && v->word; v++) {
        size_t len = head->len;
        buf_printf(head, "%s%s", len ? " " : "", v->word);
        if (v->object)
            buf_printf(head, " %s", v->object);
        if (v->batch || v->verbs) /* others are only chosen in menus */
            put_verb(out, head, v->text);
        if (v == verbs || v->verbs != v[-1].verbs)
            put_verbs(out, v->verbs, head);
        head->len = len;
    }
}

static void put_words(struct buf *out, const struct command *command)
{
    struct buf head = {0};
    buf_append(out, "\n", command->details || command->verbs);
    buf_append_span(out, span_text(command->details ? command->details : ""));
    put_verbs(out, command->verbs, &head);
    if (command->list) {
        const struct schema_field *key = &schema_tables[command->list->table].fields[0];
        buf_append_char(out, '\n');
        form_help_field(key, key->name, out);
    }
    buf_free(&head);
}

void command_put_help(const struct command *command, struct buf *out)
{
    const struct form *last = NULL;
    buf_printf(out, "%s - %s\n", command->name, command->summary);
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        buf_printf(out, "%s%s", alias == command->aliases ? "Also: " : ", ", *alias);
    buf_append(out, "\n", command->aliases != NULL);
    buf_printf(out, "\nUsage:\n");
    command_usage(command, out);
    put_words(out, command);
    put_forms(out, command->verbs, &last);
    if (command->flags & COMMAND_CONFIG)
        buf_printf(out, "\nChanges take effect with commit.\n");
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    if (!arg_count) {
        list_commands(sh);
        return API_DONE;
    }
    const struct command *command = command_find(args[0]);
    if (!command)
        return command_unknown(sh, args[0]);
    struct buf text = {0};
    command_put_help(command, &text);
    out_span(sh, buf_span(&text));
    buf_free(&text);
    return API_DONE;
}

static const char *const aliases[] = {"?", "h", NULL};

const struct command command_help = {
    .name = "help",
    .aliases = aliases,
    .summary = "list the commands, or show how one is called",
    .usage = "[COMMAND [WORD ...]]",
    .flags = COMMAND_LOCAL | COMMAND_ABOUT_COMMANDS,
    .most_args =
        16, /* the words of a line that one is about to type: the help of the command is about all of them */
    .run = run,
};
