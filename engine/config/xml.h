/* A configuration as XML, as much of it at a time as is wanted.
 *
 * US-ASCII: what is beyond stands there as character references, so that the file reads the same in every encoding.
 */
#ifndef CONFIG_XML_H
#define CONFIG_XML_H

#include "engine/config/tree.h"

struct config_xml {
    const struct config_tree *tree;
    const struct config_place *place;
    /* Appends what stands for a secret that is set, BASE64; NULL: SCHEMA_MASK does. */
    bool (*seal)(const struct schema_table *table, const struct schema_field *field, struct span text,
                 struct buf *out, void *context);
    void *context;
    /* Where it is: the table of a section, and inside one of its rows a table that this row owns. */
    bool failed; /* seal() did */
    bool begun;
    size_t section, owned;
    struct config_cursor cursor, owned_cursor;
    const struct schema_row *owner; /* NULL: between rows of the section */
};

/* Appends the next piece, about a row, of what stands inside <config>; false behind the last. */
bool config_xml_more(struct config_xml *x, struct buf *out);

/* Appends "  <name>text</name>\n". */
void config_xml_put(struct buf *out, int indent, const char *name, struct span text);
/* Appends a comment's text: never what would end it. */
void config_xml_put_comment(struct buf *out, struct span text);
/* Appends the heading of a part of the file. */
void config_xml_put_banner(struct buf *out, const char *title);

#endif
