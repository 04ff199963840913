/* Rows from and to Jansson values: for the control socket, for stored chunks and for the shell. */
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include <jansson.h>

#include "engine/schema/schema.h"

/* A new reference.  A secret is masked: this is the form that leaves the daemon. */
json_t *schema_row_to_json(const struct schema_row *row);
json_t *schema_value_to_json(const struct schema_field *field, const struct schema_value *value);
/* A value as JSON has it (flags as booleans, choices as words), or as one would type it when it is a string.  A text
 * points into the JSON value. */
bool schema_value_from_json(const struct schema_field *field, const json_t *json, struct schema_value *value,
                            struct error *error);
/* The row `base` (NULL: all defaults) with the members of object set; a masked secret stays as it is in base.  Unknown
 * members are an error.  NULL on error, checks of the row included. */
struct schema_row *schema_row_from_json(const struct schema_table *table, const struct schema_row *base,
                                        const json_t *object, struct error *error);

#endif
