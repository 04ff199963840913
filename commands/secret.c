/* Secrets in the words of a command: they are kept nowhere. */
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

int command_secret_word(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        struct span word = span_text(words[i]), option = span_slice(word, 2, word.n);
        if (span_starts_nocase(word, SPAN("--")) &&
            names_secret(span_slice(option, 0, span_find(option, '='))))
            return i;
    }
    return count;
}
