/* The settings of an instance: one struct, described by one table (settings.def). */
#ifndef SCHEMA_SETTINGS_H
#define SCHEMA_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/wire/wire.h"

#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

struct settings {
#define NUMBER(field, name, preset, least, most, unit, help) int64_t field;
#define TEXT(field, name, preset, help) char *field;
#include "engine/schema/settings.def"
#undef NUMBER
#undef TEXT
};

void settings_init(struct settings *s);
void settings_free(struct settings *s);

/* Sets one field by its name.  An error names the setting, the value and what would be right. */
bool settings_set(struct settings *s, const char *name, const char *value, struct error *error);

/* Whether the settings fit each other. */
bool settings_check(const struct settings *s, struct error *error);

/* Appends one line for each setting: name, default, range and help. */
void settings_describe(struct buf *out);

/* The same as entries of a manual page (roff.h). */
void settings_manual(struct buf *out);

void settings_put(struct buf *out, const struct settings *s);
/* False when the message is not well-formed; s is to be freed either way. */
bool settings_get(struct wire_reader *in, struct settings *s);

#endif
