/* Reading configuration files (doc/configuration.md): XML to rows.
 *
 * It happens in the shell, which has the rights of the person who wants the file loaded and nothing else: a file that
 * breaks the parser reaches no more than he does.  The daemon gets rows and checks them like all others.
 */
#ifndef COMMANDS_CONFIG_READER_H
#define COMMANDS_CONFIG_READER_H

#include <jansson.h>

#include "engine/base/error.h"
#include "engine/schema/schema.h"

/* What a file says, in its order.  One that returns false ends the reading; the caller knows why. */
struct config_reader {
    /* A section begins: what was in its table goes. */
    bool (*section)(const struct schema_table *table, unsigned line, void *context);
    /* A row; key is NULL for a single table.  fields is borrowed, and has {"encrypted": TEXT} for encrypted secrets. */
    bool (*row)(const struct schema_table *table, const char *key, json_t *fields, unsigned line,
                void *context);
    void *context;
};

/* Which key the secrets of a file are encrypted with, as its element config_encryption says; NULL: none was. */
struct config_reader_facts {
    json_t *secrets;
    unsigned sections;
};

/* False with an error ("line 7: ...") when the file is wrong.  The caller ends facts->secrets. */
bool config_read(struct span text, const struct config_reader *reader, struct config_reader_facts *facts,
                 struct error *error);

#endif
