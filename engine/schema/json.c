/* Rows and values from and to Jansson values.  What comes in is as hostile as its sender: types, ranges and names are
 * all checked here. */
#include "engine/schema/json.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/nearest.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

enum { SHOWN_NAME_MAX = 64 }; /* bytes of an unknown name that an error repeats */

json_t *schema_value_to_json(const struct schema_field *field, const struct schema_value *value)
{
    switch (field->type) {
    case SCHEMA_FLAG:
        return json_boolean(value->number != 0);
    case SCHEMA_NUMBER:
    case SCHEMA_SIZE:
        return json_integer(value->number);
    case SCHEMA_CHOICE:
        return json_string(field->choices[value->number]);
    case SCHEMA_TEXT:
        return json_stringn(value->text.p, value->text.n);
    }
    abort();
}

json_t *schema_row_to_json(const struct schema_row *row)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < row->table->field_count; i++) {
        const struct schema_field *field = &row->table->fields[i];
        bool masked = field->secret && row->values[i].text.n;
        json_object_set_new(object, field->name,
                            masked ? json_string(SCHEMA_MASK) : schema_value_to_json(field, &row->values[i]));
    }
    return object;
}

static bool is_mask(const struct schema_field *field, const json_t *json)
{
    return field->secret && json_is_string(json) && strcmp(json_string_value(json), SCHEMA_MASK) == 0;
}

static const char *kind_of(const json_t *json)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",    [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return json ? kinds[json_typeof(json)] : "nothing";
}

bool schema_value_from_json(const struct schema_field *field, const json_t *json, struct schema_value *value,
                            struct error *error)
{
    *value = (struct schema_value){.text = SPAN("")};
    if (json_is_string(json))
        return schema_value_parse(field, span_of(json_string_value(json), json_string_length(json)), value,
                                  error);
    bool is_number = field->type == SCHEMA_NUMBER || field->type == SCHEMA_SIZE;
    if (is_number && json_is_integer(json)) {
        value->number = json_integer_value(json);
        return schema_value_check(field, value, error);
    }
    if (field->type == SCHEMA_FLAG && json_is_boolean(json)) {
        value->number = json_is_true(json);
        return true;
    }
    struct buf right = {0};
    schema_field_describe(field, &right);
    error_set(error, "%s: %s is not %s", field->name, kind_of(json), buf_text(&right));
    buf_free(&right);
    return false;
}

static bool refuse_name(const struct schema_table *table, struct span name, struct error *error)
{
    struct buf shown = {0};
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (unsigned i = 0; i < table->field_count; i++) {
        size_t distance = nearest_distance(name, span_text(table->fields[i].name));
        if (distance < best) {
            best = distance;
            nearest = table->fields[i].name;
        }
    }
    text_from_wire(&shown, name, SHOWN_NAME_MAX);
    error_set(error, "%s has no field '%s'%s%s%s", table->name, buf_text(&shown),
              nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    buf_free(&shown);
    return false;
}

/* Sets the values that are members of object. */
static bool set_members(const struct schema_table *table, const json_t *object, struct schema_value *values,
                        struct error *error)
{
    const char *name;
    json_t *member;
    json_object_foreach ((json_t *)object, name, member) {
        int field = schema_field_find(table, name);
        if (field < 0)
            return refuse_name(table, span_text(name), error);
        if (!is_mask(&table->fields[field], member) &&
            !schema_value_from_json(&table->fields[field], member, &values[field], error))
            return false;
    }
    return true;
}

/* Texts without a default, the key among them, must have been given. */
static bool nothing_missing(const struct schema_table *table, const struct schema_value *values,
                            struct error *error)
{
    for (unsigned i = 0; i < table->field_count; i++) {
        const struct schema_field *field = &table->fields[i];
        if (field->type == SCHEMA_TEXT && field->least > 0 && values[i].text.n == 0)
            return error_set(error, "%s is missing: %s", field->name, field->help);
    }
    return true;
}

struct schema_row *schema_row_from_json(const struct schema_table *table, const struct schema_row *base,
                                        const json_t *object, struct error *error)
{
    if (!json_is_object(object)) {
        error_set(error, "%s: %s is not an object of fields", table->name, kind_of(object));
        return NULL;
    }
    struct schema_row *start = base ? schema_row_ref(base) : schema_row_preset(table, SPAN("")), *row = NULL;
    size_t size = table->field_count * sizeof(struct schema_value);
    struct schema_value *values = xmalloc(size);
    memcpy(values, start->values, size);
    if (set_members(table, object, values, error) && nothing_missing(table, values, error))
        row = schema_row_new(table, values);
    free(values);
    schema_row_unref(start);
    if (row && table->check_row && !table->check_row(row, error)) {
        schema_row_unref(row);
        row = NULL;
    }
    return row;
}
