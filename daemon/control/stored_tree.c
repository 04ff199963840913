/* Trees to blobs and back. */
#include "daemon/control/stored_tree.h"

#include <stdlib.h>

enum { VERSION = 1 };

_Static_assert((int)CONFIG_HASH_BYTES == (int)STORE_HASH_BYTES, "one kind of hash");

static json_t *hash_json(const unsigned char hash[STORE_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * STORE_HASH_BYTES];
    for (int i = 0; i < STORE_HASH_BYTES; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return json_stringn(text, sizeof text);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_from_json(const json_t *json, unsigned char hash[STORE_HASH_BYTES])
{
    const char *text = json_string_value(json);
    if (!text || json_string_length(json) != (size_t)2 * STORE_HASH_BYTES)
        return false;
    for (int i = 0; i < STORE_HASH_BYTES; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* A chunk of table with this hash.  Callers go through two tables that are mostly equal, so the search starts where
 * the last one ended. */
static struct config_chunk *find_chunk(const struct config_table *table, const unsigned char *hash,
                                       size_t *at)
{
    size_t count = table ? config_table_chunk_count(table) : 0;
    for (size_t i = 0; i < count; i++) {
        size_t index = (*at + i) % count;
        struct config_chunk *chunk = config_table_chunk(table, index);
        if (chunk->hashed && memcmp(chunk->hash, hash, CONFIG_HASH_BYTES) == 0) {
            *at = index + 1;
            return chunk;
        }
    }
    return NULL;
}

static bool put_chunk(struct store_config *s, struct config_chunk *chunk, const struct config_table *stored,
                      size_t *at, struct error *error)
{
    if (chunk->hashed && find_chunk(stored, chunk->hash, at))
        return true;
    struct buf body = {0};
    config_chunk_put_json(&body, chunk);
    store_config_hash(buf_span(&body), chunk->hash);
    chunk->hashed = true;
    bool good = store_config_put_blob(s, chunk->hash, buf_span(&body), error);
    buf_free(&body);
    return good;
}

static json_t *put_table(struct store_config *s, const struct config_table *table,
                         const struct config_table *stored, struct error *error)
{
    json_t *hashes = json_array();
    size_t at = 0;
    for (size_t i = 0; i < config_table_chunk_count(table); i++) {
        struct config_chunk *chunk = config_table_chunk(table, i);
        if (!put_chunk(s, chunk, stored, &at, error)) {
            json_decref(hashes);
            return NULL;
        }
        json_array_append_new(hashes, hash_json(chunk->hash));
    }
    return hashes;
}

static bool put_level(struct store_config *s, const struct config_tree *tree,
                      const struct config_tree *stored, const char *level,
                      unsigned char hash[STORE_HASH_BYTES], struct error *error)
{
    json_t *tables = json_object();
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        const struct config_table *table = config_tree_table(tree, level, id);
        json_t *hashes =
            table ? put_table(s, table, stored ? config_tree_table(stored, level, id) : NULL, error) : NULL;
        if (table && !hashes) {
            json_decref(tables);
            return false;
        }
        if (hashes)
            json_object_set_new(tables, schema_tables[id].name, hashes);
    }
    json_t *body = json_pack("{s:o,s:i}", "tables", tables, "version", VERSION);
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(body);
    if (!text)
        abort(); /* names of tables and hexadecimal digits */
    store_config_hash(span_text(text), hash);
    bool good = store_config_put_blob(s, hash, span_text(text), error);
    free(text);
    return good;
}

json_t *stored_tree_put(struct store_config *s, const struct config_tree *tree,
                        const struct config_tree *stored, struct error *error)
{
    json_t *levels = json_object();
    const char *level;
    for (size_t i = 0; (level = config_tree_level(tree, i)); i++) {
        unsigned char hash[STORE_HASH_BYTES];
        if (!put_level(s, tree, stored, level, hash, error)) {
            json_decref(levels);
            return NULL;
        }
        json_object_set_new(levels, level, hash_json(hash));
    }
    return levels;
}

json_t *stored_level_get(struct store_config *s, const json_t *name, struct error *error)
{
    unsigned char hash[STORE_HASH_BYTES];
    struct buf body = {0};
    json_t *level = NULL, *tables = NULL;
    int version;
    if (!hash_from_json(name, hash))
        error_set(error, "the record of a stored revision is damaged");
    else if (store_config_get_blob(s, hash, &body, error)) {
        level = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
        if (json_unpack(level, "{s:o,s:i}", "tables", &tables, "version", &version) != 0 ||
            version != VERSION || !json_is_object(tables)) {
            tables = NULL;
            error_set(error, "a level of a stored revision is not of this format");
        }
    }
    json_incref(tables);
    json_decref(level);
    buf_free(&body);
    return tables;
}

static struct config_chunk *read_chunk(struct store_config *s, const struct schema_table *schema,
                                       const unsigned char hash[STORE_HASH_BYTES], struct error *error)
{
    struct buf body = {0};
    struct config_chunk *chunk = NULL;
    if (store_config_get_blob(s, hash, &body, error))
        chunk = config_chunk_from_json(schema, buf_span(&body), error);
    if (chunk) {
        chunk->hashed = true;
        memcpy(chunk->hash, hash, CONFIG_HASH_BYTES);
    }
    buf_free(&body);
    return chunk;
}

struct config_chunk *stored_chunk_get(struct store_config *s, const struct schema_table *schema,
                                      const json_t *name, struct error *error)
{
    unsigned char hash[STORE_HASH_BYTES];
    if (hash_from_json(name, hash))
        return read_chunk(s, schema, hash, error);
    error_set(error, "a level of a stored revision is damaged");
    return NULL;
}

static struct config_table *read_table(struct store_config *s, const struct schema_table *schema,
                                       const json_t *hashes, const struct config_table *like,
                                       struct error *error)
{
    struct config_table *table = config_table_new(schema);
    size_t at = 0, index;
    json_t *name;
    json_array_foreach(hashes, index, name)
    {
        unsigned char hash[STORE_HASH_BYTES];
        struct config_chunk *chunk = NULL;
        if (!hash_from_json(name, hash))
            error_set(error, "a level of a stored revision is damaged");
        else if ((chunk = find_chunk(like, hash, &at)))
            chunk->references++;
        else
            chunk = read_chunk(s, schema, hash, error);
        if (chunk && config_table_append(table, chunk))
            continue;
        if (chunk)
            error_set(error, "the rows of the stored table %s are not in order", schema->name);
        config_table_unref(table);
        return NULL;
    }
    return table;
}

struct config_tree *stored_tree_get(struct store_config *s, const json_t *levels,
                                    const struct config_tree *like, struct error *error)
{
    struct config_tree *tree = config_tree_new();
    const char *level, *table_name;
    json_t *level_hash, *hashes;
    json_object_foreach ((json_t *)levels, level, level_hash) {
        json_t *tables = stored_level_get(s, level_hash, error);
        bool good = tables != NULL;
        json_object_foreach (tables, table_name, hashes) {
            const struct schema_table *schema = schema_table_find(table_name);
            struct config_table *table = NULL;
            if (good && !schema)
                good = error_set(
                    error, "the stored revision has an unknown table '%s': it was written by a newer version",
                    table_name);
            if (good)
                table = read_table(s, schema, hashes,
                                   like ? config_tree_table(like, level, schema->id) : NULL, error);
            good = good && table;
            if (good)
                config_tree_set(&tree, level, schema->id, table);
        }
        json_decref(tables);
        if (!good) {
            config_tree_unref(tree);
            return NULL;
        }
    }
    return tree;
}

static bool use(struct store_config *s, const json_t *name, struct error *error)
{
    unsigned char hash[STORE_HASH_BYTES];
    return (hash_from_json(name, hash) || error_set(error, "the name of a stored blob is damaged")) &&
           store_config_use_blob(s, hash, error);
}

bool stored_tree_use(struct store_config *s, const json_t *levels, struct error *error)
{
    const char *level, *table_name;
    json_t *level_hash, *hashes, *name;
    bool good = true;
    size_t index;
    json_object_foreach ((json_t *)levels, level, level_hash) {
        json_t *tables = good ? stored_level_get(s, level_hash, error) : NULL;
        good = tables && use(s, level_hash, error);
        json_object_foreach (tables, table_name, hashes)
            json_array_foreach(hashes, index, name) good = good && use(s, name, error);
        json_decref(tables);
    }
    return good;
}
