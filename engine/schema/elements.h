/* The names of tables, rows and fields in configuration files: made from the schema, but for those that client programs
 * expect to be others (one table in elements.c).
 *
 * A table without an owner is a section of <config>; one with an owner stands inside the rows that it belongs to.
 * A single table whose one field has no name is a section that is the value: <hostname>mx.example.com</hostname>.
 */
#ifndef SCHEMA_ELEMENTS_H
#define SCHEMA_ELEMENTS_H

#include "engine/schema/schema.h"

/* What a section, a row of a list and a field are named by; schema_element_put() makes the element of it. */
const char *schema_section_name(const struct schema_table *table);
const char *schema_row_name(const struct schema_table *table);
const char *schema_field_name(const struct schema_table *table, unsigned field);
/* Appends "next_hop" for "Next-hop" or "next hop". */
void schema_element_put(struct buf *out, const char *name);
bool schema_element_is(const char *name, struct span element);

/* The attribute of a secret that is encrypted. */
#define SCHEMA_SEALED_ATTRIBUTE "encrypted"
#define SCHEMA_SEALED_METHOD "aes-256-siv"

/* Whether a table is a section of the file: rows of an owner stand in those of its table, and the shape of a cluster is no
 * setting. */
bool schema_is_section(const struct schema_table *table);
bool schema_section_is_value(const struct schema_table *table);

#endif
