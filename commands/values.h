/* Values from the daemon in words for people. */
#ifndef COMMANDS_VALUES_H
#define COMMANDS_VALUES_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "engine/schema/schema.h"

/* As one would type it: "on", "2M", "quarantine"; a value that is not the field's as its JSON. */
void value_put(struct buf *out, const struct schema_field *field, const json_t *json);
/* The same; a text that is empty or has blanks in quotes. */
void value_put_quoted(struct buf *out, const struct schema_field *field, const json_t *json);

/* Local time, microseconds UTC given: "Tue Sep 22 09:05:00 2026 CEST", in the C locale. */
void time_put(struct buf *out, json_int_t microseconds);
/* The cell of a column of the member "time". */
void time_cell(struct buf *out, const json_t *row);

/* "0s", "3m 45s", "1d 4h 39m 2s" */
void duration_put(struct buf *out, json_int_t seconds);
/* "512", "20K", "1.5M", "3.2G" */
void bytes_put(struct buf *out, json_int_t bytes);

/* The string member of an object, or "". */
const char *text_of(const json_t *object, const char *name);

#endif
