/* Stored chunks back into rows.  A store may be damaged or younger than the program: nothing in it is trusted. */
#include <inttypes.h>

#include "engine/config/table.h"
#include "engine/schema/json.h"

static bool check_version(const struct schema_table *schema, const json_t *root, struct error *error)
{
    const json_t *version = json_object_get(root, "version");
    json_int_t number = json_integer_value(version);
    if (number > CONFIG_CHUNK_VERSION)
        return error_set(
            error,
            "%s is stored in format %" JSON_INTEGER_FORMAT
            ", this program knows formats up to %d: start the version that wrote it, or a newer one",
            schema->name, number, CONFIG_CHUNK_VERSION);
    return number > 0 || error_set(error, "%s is stored without a version", schema->name);
}

/* A version that added a field raised no version: older rows get the default.  Read by an older program it is unknown. */
static bool check_fields(const struct schema_table *schema, const json_t *row, struct error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)row, name, value)
        if (schema_field_find(schema, name) < 0)
            return error_set(error,
                             "%s is stored with a field '%.64s' that this program does not know: it was "
                             "written by a newer version",
                             schema->name, name);
    return true;
}

static bool read_rows(const struct schema_table *schema, const json_t *rows, struct config_chunk *chunk,
                      struct error *error)
{
    size_t count = json_array_size(rows);
    if (count == 0 || count > sizeof chunk->rows / sizeof chunk->rows[0])
        return error_set(error, "a stored piece of %s has %zu rows", schema->name, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *stored = json_array_get(rows, i);
        struct schema_row *row =
            check_fields(schema, stored, error) ? schema_row_from_json(schema, NULL, stored, error) : NULL;
        if (!row)
            return false;
        chunk->rows[chunk->count++] = row;
    }
    return true;
}

struct config_chunk *config_chunk_from_json(const struct schema_table *schema, struct span json,
                                            struct error *error)
{
    json_error_t reason;
    json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &reason);
    if (!json_is_object(root)) {
        error_set(error, "a stored piece of %s is not a JSON object: %s", schema->name,
                  root ? "something else" : reason.text);
        json_decref(root);
        return NULL;
    }
    struct config_chunk *chunk = config_chunk_new();
    if (!check_version(schema, root, error) ||
        !read_rows(schema, json_object_get(root, "rows"), chunk, error)) {
        config_chunk_unref(chunk);
        chunk = NULL;
    }
    json_decref(root);
    return chunk;
}
