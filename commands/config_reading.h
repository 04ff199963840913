/* What the parts of the reader of configuration files share: the elements that are open, and the first error. */
#ifndef COMMANDS_CONFIG_READING_H
#define COMMANDS_CONFIG_READING_H

#include <expat.h>

#include "commands/config_reader.h"

enum { CONFIG_DEPTH_MAX = 16 };

enum kind {
    OUTSIDE,    /* the document */
    CONFIG,     /* <config> */
    ENCRYPTION, /* <config_encryption> */
    SECTION,    /* of a list: rows */
    ROW,        /* fields, and sections of tables that its row owns */
    FIELD,
    PLAIN, /* text of no table: member of ENCRYPTION */
};

struct node {
    enum kind kind;
    const struct schema_table *table;
    unsigned field;
    unsigned line;
    json_t *fields;  /* of a row */
    char member[16]; /* of a PLAIN: in facts->secrets */
    bool sealed;     /* a FIELD whose text is encrypted */
};

struct reading {
    XML_Parser parser;
    const struct config_reader *reader;
    struct config_reader_facts *facts;
    struct error *error;
    struct arena *arena;
    struct node nodes[CONFIG_DEPTH_MAX];
    unsigned depth; /* nodes[depth] is the element in hand */
    struct buf text;
    json_t *lines; /* table/key -> line, of this section */
    bool seen[SCHEMA_TABLE_COUNT];
    bool failed;
};

/* Ends the reading; the first error counts, and gets the number of the line. */
void reading_stop(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The visitor gave up, and knows why. */
void reading_give_up(struct reading *r);
/* The element in hand. */
struct node *reading_top(struct reading *r);
unsigned reading_line(const struct reading *r);

/* What expat calls for elements that begin (config_elements.c) and that end (config_values.c). */
void XMLCALL reading_begin(void *context, const char *name, const char **attributes);
void XMLCALL reading_end(void *context, const char *name);

#endif
