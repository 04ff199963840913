/* Elements of a configuration file that begin: which may stand where. */
#include <string.h>

#include "commands/config_reading.h"
#include "engine/base/text.h"
#include "engine/schema/elements.h"

enum { SHOWN_MAX = 60 };

static struct node *push(struct reading *r, enum kind kind, const struct schema_table *table)
{
    struct node *n = &r->nodes[++r->depth];
    *n = (struct node){.kind = kind, .table = table, .line = reading_line(r)};
    if (kind == ROW)
        n->fields = json_object();
    buf_clear(&r->text);
    return n;
}

static void unknown(struct reading *r, const char *name, const char *where)
{
    struct buf shown = {0};
    text_from_wire(&shown, span_text(name), SHOWN_MAX);
    reading_stop(r, "there is no element <%s> in %s", buf_text(&shown), where);
    buf_free(&shown);
}

static void begin_field(struct reading *r, const struct schema_table *table, unsigned field)
{
    push(r, FIELD, table)->field = field;
}

/* A single table is a row itself. */
static void begin_section(struct reading *r, const struct schema_table *table)
{
    if (r->seen[table->id]) {
        reading_stop(r, "the section of %s is there twice", table->name);
        return;
    }
    r->seen[table->id] = true;
    r->facts->sections += table->owner == NULL;
    if (!table->owner)
        json_object_clear(r->lines);
    push(r, table->kind == SCHEMA_SINGLE ? ROW : SECTION, table);
    if (!r->reader->section(table, reading_line(r), r->reader->context))
        reading_give_up(r);
    if (schema_section_is_value(table))
        begin_field(r, table, 0);
}

static void begin_plain(struct reading *r, const char *name)
{
    struct node *n = push(r, PLAIN, NULL);
    size_t length = strlen(name);
    if (length < sizeof n->member)
        memcpy(n->member, name, length + 1);
}

static void in_config(struct reading *r, const char *name)
{
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++) {
        const struct schema_table *table = &schema_tables[i];
        if (schema_is_section(table) && schema_element_is(schema_section_name(table), span_text(name))) {
            begin_section(r, table);
            return;
        }
    }
    if (strcmp(name, "config_encryption") == 0 && !r->facts->secrets) {
        r->facts->secrets = json_object();
        push(r, ENCRYPTION, NULL);
    } else {
        unknown(r, name, "<config>");
    }
}

static void in_encryption(struct reading *r, const char *name)
{
    bool known = strcmp(name, "key") == 0 || strcmp(name, "salt") == 0 || strcmp(name, "check") == 0;
    if (!known || json_object_get(r->facts->secrets, name))
        unknown(r, name, "<config_encryption>");
    else
        begin_plain(r, name);
}

static void in_section(struct reading *r, const char *name)
{
    const struct schema_table *table = reading_top(r)->table;
    if (!schema_element_is(schema_row_name(table), span_text(name))) {
        unknown(r, name, table->name);
        return;
    }
    push(r, ROW, table);
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        if (schema_tables[i].owner == table)
            r->seen[i] = false; /* each row may have one */
}

static bool begin_owned(struct reading *r, const char *name)
{
    const struct node *row = reading_top(r);
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++) {
        const struct schema_table *table = &schema_tables[i];
        if (table->owner != row->table || !schema_element_is(schema_section_name(table), span_text(name)))
            continue;
        if (!json_object_get(row->fields, row->table->fields[0].name))
            reading_stop(r, "the name of the %s must stand before its <%s>", row->table->row_noun, name);
        else
            begin_section(r, table);
        return true;
    }
    return false;
}

static void unknown_attribute(struct reading *r, const char *name)
{
    reading_stop(r, "there is no attribute %.40s here", name);
}

static bool is_sealed(struct reading *r, const char **attributes)
{
    bool sealed = *attributes && strcmp(attributes[0], SCHEMA_SEALED_ATTRIBUTE) == 0;
    if (sealed && strcmp(attributes[1], SCHEMA_SEALED_METHOD) != 0)
        reading_stop(r, "%s: '%.40s' is not %s", SCHEMA_SEALED_ATTRIBUTE, attributes[1],
                     SCHEMA_SEALED_METHOD);
    if (*attributes && (!sealed || attributes[2]))
        unknown_attribute(r, attributes[sealed ? 2 : 0]);
    return sealed;
}

static void in_row(struct reading *r, const char *name, const char **attributes)
{
    const struct schema_table *table = reading_top(r)->table;
    unsigned field = 0;
    while (field < table->field_count && !schema_element_is(schema_field_name(table, field), span_text(name)))
        field++;
    if (field < table->field_count) {
        if (json_object_get(reading_top(r)->fields, table->fields[field].name)) {
            reading_stop(r, "<%s> is there twice", name);
            return;
        }
        begin_field(r, table, field);
        struct node *n = reading_top(r);
        n->sealed = is_sealed(r, attributes);
        if (n->sealed && !table->fields[field].secret)
            reading_stop(r, "<%s> is no secret and cannot be encrypted", name);
    } else if (*attributes) {
        unknown_attribute(r, *attributes);
    } else if (!begin_owned(r, name)) {
        unknown(r, name, table->name);
    }
}

void XMLCALL reading_begin(void *context, const char *name, const char **attributes)
{
    struct reading *r = context;
    if (r->failed)
        return;
    if (*attributes && reading_top(r)->kind != ROW)
        unknown_attribute(r, *attributes);
    switch (reading_top(r)->kind) {
    case OUTSIDE:
        if (strcmp(name, "config") == 0)
            push(r, CONFIG, NULL);
        else
            unknown(r, name, "a configuration file, which is a <config>");
        break;
    case CONFIG:
        in_config(r, name);
        break;
    case ENCRYPTION:
        in_encryption(r, name);
        break;
    case SECTION:
        in_section(r, name);
        break;
    case ROW:
        in_row(r, name, attributes);
        break;
    case FIELD:
    case PLAIN:
        unknown(r, name, "a value");
        break;
    }
}
