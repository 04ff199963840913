/* Secrets on command lines: such a line is kept nowhere. */
#include "commands/command.h"

static bool names_secret(struct span option)
{
    for (size_t t = 0; t < SCHEMA_TABLE_COUNT; t++)
        for (unsigned i = 0; i < schema_tables[t].field_count; i++)
            if (schema_tables[t].fields[i].secret &&
                span_equal_nocase(option, span_text(schema_tables[t].fields[i].name)))
                return true;
    return false;
}

bool command_line_is_secret(struct span line)
{
    for (size_t at; (at = span_find_span(line, SPAN("--"))) < line.n;) {
        line = span_slice(line, at + 2, line.n);
        if (names_secret(span_slice(line, 0, span_find(line, '='))))
            return true;
    }
    return false;
}
