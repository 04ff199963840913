/* Manual pages in man(7). */
#include <stdio.h>
#include <string.h>

#include "engine/base/roff.h"
#include "shell/describe_forms.h"
#include "shell/options.h"

static void put_man_option(struct buf *out, const struct option_row *row)
{
    struct buf head = {0};
    option_put_word(&head, row);
    if (row->argument)
        buf_printf(&head, " %s", row->argument);
    roff_item(out, buf_text(&head), row->help);
    buf_free(&head);
}

static void put_man_command(struct buf *out, const struct command *command)
{
    struct buf usage = {0};
    command_usage(command, &usage);
    buf_printf(out, ".SS %s\n", command->name);
    roff_text(out, command->summary);
    buf_printf(out, "%s\n.PP\n.nf\n", command->flags & COMMAND_CONFIG ? "; takes effect with commit" : "");
    roff_text(out, buf_text(&usage));
    buf_printf(out, ".fi\n");
    buf_free(&usage);
}

void describe_man(struct buf *out)
{
    roff_page(out, "mailward", "MAILWARD", 1);
    buf_printf(out, ".SH NAME\nmailward \\- admin shell of the mail security gateway mailwardd\n"
                    ".SH SYNOPSIS\n.B mailward\n[OPTION...] [\\-c LINE | \\-f FILE]\n"
                    ".SH DESCRIPTION\n"
                    "Runs commands that configure and watch a gateway. Without \\-c and \\-f they come from "
                    "standard input: a terminal, or lines. Changes of settings are gathered in the session "
                    "and take effect together with the command\n.BR commit .\n"
                    "A command that is typed without its arguments asks for them.\n"
                    ".SH OPTIONS\n");
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++)
        put_man_option(out, row);
    buf_printf(out, ".SH COMMANDS\n");
    for (size_t i = 0; command_table[i]; i++)
        put_man_command(out, command_table[i]);
    buf_printf(out, ".SH EXIT STATUS\n");
#define STATUS(id, number, help) buf_printf(out, ".TP\n.B %d\n" help "\n", number);
#include "engine/wire/statuses.def"
#undef STATUS
    buf_printf(out,
               ".SH ENVIRONMENT\n.TP\n.B SSH_ORIGINAL_COMMAND\n"
               "Run like \\-c when neither \\-c nor \\-f is given: the program can be an sshd ForceCommand.\n"
               ".SH SEE ALSO\n.BR mailward\\-settings (5),\n.BR mailwardd (8),\nand a page for each command, "
               "such as\n"
               ".BR mailward\\-commit (1)\n");
}

/* The upper case of a title. */
static void put_upper(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_append_char(out, *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text);
}

void describe_man_command(struct buf *out, const struct command *command)
{
    struct buf help = {0}, program = {0}, title = {0};
    buf_printf(&program, "mailward-%s", command->name);
    put_upper(&title, buf_text(&program));
    command_put_help(command, &help);
    roff_page(out, "mailward", buf_text(&title), 1);
    buf_printf(out, ".SH NAME\n");
    roff_text(out, buf_text(&program));
    buf_printf(out, " \\- ");
    roff_text(out, command->summary);
    buf_printf(out, "\n.SH DESCRIPTION\nA command of the shell\n.BR mailward (1).\n.PP\n.nf\n");
    roff_text(out, strchr(buf_text(&help), '\n') + 1); /* its first line is name and summary */
    buf_printf(out, ".fi\n.SH SEE ALSO\n.BR mailward (1),\n.BR mailward\\-settings (5)\n");
    buf_free(&help);
    buf_free(&program);
    buf_free(&title);
}

static void put_field(struct buf *out, const struct schema_field *field)
{
    struct buf help = {0};
    buf_printf(&help, "%s: ", field->help);
    schema_field_describe(field, &help);
    if (field->preset[0])
        buf_printf(&help, "; default \"%s\"", field->preset);
    if (field->secret)
        buf_printf(&help, "; secret");
    roff_item(out, field->name, buf_text(&help));
    buf_free(&help);
}

void describe_man_settings(struct buf *out)
{
    roff_page(out, "mailward", "MAILWARD-SETTINGS", 5);
    buf_printf(
        out,
        ".SH NAME\nmailward\\-settings \\- what can be configured\n"
        ".SH DESCRIPTION\nThe settings of a gateway are rows of these tables. A single table has one row, a "
        "list as "
        "many as there are things of its kind, each found by its first field. Commands of the shell change "
        "them, and changes take effect with\n.BR mailward\\-commit (1).\n"
        "The names are those of options, of\n.B showconfig\nand of\n.BR showchanges .\n");
    for (size_t t = 0; t < SCHEMA_TABLE_COUNT; t++) {
        const struct schema_table *table = &schema_tables[t];
        buf_printf(out, ".SH ");
        roff_text(out, table->name);
        buf_printf(out, "\n%s: ", table->kind == SCHEMA_LIST ? "List" : "Single table");
        roff_text(out, table->help);
        buf_printf(out, ".\n");
        for (unsigned i = 0; i < table->field_count; i++)
            put_field(out, &table->fields[i]);
    }
    buf_printf(out, ".SH SEE ALSO\n.BR mailward (1)\n");
}
