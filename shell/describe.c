/* The manual page and the completions of mailward: what is in a table is described from there.
 *
 * The completions are for the local command line: options, and commands behind -c.  They are checked in under
 * completions/ and doc/; a test makes them again and compares.
 */
#include "shell/describe.h"

#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "engine/base/roff.h"
#include "shell/options.h"

/* ---- man(7) ---- */

static void put_option_word(struct buf *out, const struct option_row *row)
{
    if (row->letter)
        buf_printf(out, "-%c", row->letter);
    else
        buf_printf(out, "--%s", row->name);
}

static void put_man_option(struct buf *out, const struct option_row *row)
{
    struct buf head = {0};
    put_option_word(&head, row);
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

static void put_man(struct buf *out)
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
               ".SH SEE ALSO\n.BR mailwardd (8)\n");
}

/* ---- completions ---- */

static const char made_by[] = "# Made by mailward --describe: change the tables, not this file.\n";

static bool takes(const struct option_row *row, const char *argument)
{
    return row->argument && strcmp(row->argument, argument) == 0;
}

/* The options that take this argument, as a pattern of case. */
static void put_pattern(struct buf *out, const char *argument)
{
    const char *between = "";
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        if (!takes(row, argument))
            continue;
        buf_printf(out, "%s", between);
        put_option_word(out, row);
        between = "|";
    }
}

static void put_command_names(struct buf *out)
{
    for (size_t i = 0; command_table[i]; i++)
        buf_printf(out, "%s%s", i ? " " : "", command_table[i]->name);
}

static void put_bash(struct buf *out)
{
    buf_printf(out,
               "%s_mailward() {\n    local word=${COMP_WORDS[COMP_CWORD]}\n    COMPREPLY=()\n"
               "    case ${COMP_WORDS[COMP_CWORD-1]} in\n    ",
               made_by);
    put_pattern(out, "DIR");
    buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n    ");
    put_pattern(out, "FILE");
    buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n    ");
    put_pattern(out, "LINE");
    buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -W '");
    put_command_names(out);
    buf_printf(out, "' -- \"$word\") ;;\n    ");
    put_pattern(out, "FORM");
    buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -W 'man bash zsh fish' -- \"$word\") ;;\n"
                    "    *) mapfile -t COMPREPLY < <(compgen -W '");
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        buf_printf(out, "%s", row == option_rows ? "" : " ");
        put_option_word(out, row);
    }
    buf_printf(out, "' -- \"$word\") ;;\n    esac\n}\ncomplete -F _mailward mailward\n");
}

/* Text between single quotes of a shell; zsh also minds ']' and ':' in descriptions. */
static void put_quoted(struct buf *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            buf_printf(out, "'\\''");
        else if (*c == ']' || *c == ':')
            buf_printf(out, "\\%c", *c);
        else
            buf_append_char(out, *c);
    }
}

static void put_zsh(struct buf *out)
{
    buf_printf(out, "#compdef mailward\n%s_arguments", made_by);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        buf_printf(out, " \\\n    '");
        put_option_word(out, row);
        buf_printf(out, "[");
        put_quoted(out, row->help);
        buf_printf(out, "]");
        if (takes(row, "DIR"))
            buf_printf(out, ":folder:_files -/");
        else if (takes(row, "FILE"))
            buf_printf(out, ":file:_files");
        else if (takes(row, "FORM"))
            buf_printf(out, ":form:(man bash zsh fish)");
        else if (takes(row, "LINE")) {
            buf_printf(out, ":command:(");
            put_command_names(out);
            buf_printf(out, ")");
        }
        buf_append_char(out, '\'');
    }
    buf_append_char(out, '\n');
}

static void put_fish(struct buf *out)
{
    buf_printf(out, "%scomplete -c mailward -f\n", made_by);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        buf_printf(out, "complete -c mailward ");
        if (row->letter)
            buf_printf(out, "-s %c", row->letter);
        else
            buf_printf(out, "-l %s", row->name);
        buf_printf(out, " -d '%s'", row->help);
        if (takes(row, "DIR"))
            buf_printf(out, " -x -a '(__fish_complete_directories)'");
        else if (takes(row, "FILE"))
            buf_printf(out, " -r -F");
        else if (takes(row, "FORM"))
            buf_printf(out, " -x -a 'man bash zsh fish'");
        else if (takes(row, "LINE")) {
            buf_printf(out, " -x -a '");
            put_command_names(out);
            buf_append_char(out, '\'');
        }
        buf_append_char(out, '\n');
    }
}

void (*describe_form(const char *form))(struct buf *out)
{
    static const struct {
        const char *name;
        void (*put)(struct buf *out);
    } forms[] = {{"man", put_man}, {"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(forms[i].name, form) == 0)
            return forms[i].put;
    return NULL;
}
