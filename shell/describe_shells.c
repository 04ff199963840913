/* Completions of bash, zsh and fish. */
#include <stdio.h>
#include <string.h>

#include "shell/describe_forms.h"
#include "shell/options.h"

#define FORMS "man settings bash zsh fish json"

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
        option_put_word(out, row);
        between = "|";
    }
}

static void put_command_names(struct buf *out)
{
    for (size_t i = 0; command_table[i]; i++)
        buf_printf(out, "%s%s", i ? " " : "", command_table[i]->name);
}

void describe_bash(struct buf *out)
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
    buf_printf(out, ") mapfile -t COMPREPLY < <(compgen -W '" FORMS "' -- \"$word\") ;;\n"
                    "    *) mapfile -t COMPREPLY < <(compgen -W '");
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        buf_printf(out, "%s", row == option_rows ? "" : " ");
        option_put_word(out, row);
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

void describe_zsh(struct buf *out)
{
    buf_printf(out, "#compdef mailward\n%s_arguments", made_by);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_COUNT; row++) {
        buf_printf(out, " \\\n    '");
        option_put_word(out, row);
        buf_printf(out, "[");
        put_quoted(out, row->help);
        buf_printf(out, "]");
        if (takes(row, "DIR"))
            buf_printf(out, ":folder:_files -/");
        else if (takes(row, "FILE"))
            buf_printf(out, ":file:_files");
        else if (takes(row, "FORM"))
            buf_printf(out, ":form:(" FORMS ")");
        else if (takes(row, "LINE")) {
            buf_printf(out, ":command:(");
            put_command_names(out);
            buf_printf(out, ")");
        }
        buf_append_char(out, '\'');
    }
    buf_append_char(out, '\n');
}

void describe_fish(struct buf *out)
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
            buf_printf(out, " -x -a '" FORMS "'");
        else if (takes(row, "LINE")) {
            buf_printf(out, " -x -a '");
            put_command_names(out);
            buf_append_char(out, '\'');
        }
        buf_append_char(out, '\n');
    }
}
