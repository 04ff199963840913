/* The first revision of an instance: the built-in defaults, a certificate (R23), and what a private instance has
 * instead. */
#include "daemon/control/first_revision.h"

#include <stdlib.h>

#include "daemon/control/self_signed.h"
#include "engine/base/xalloc.h"

static const struct preset {
    enum schema_table_id table;
    const char *key; /* "" for a single table */
    unsigned field;
    int64_t value;
} private_presets[] = {
    {SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, 1},
    {SCHEMA_ANTISPAM, "", ANTISPAM_LICENCE_ACCEPTED, 1},
    {SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, 1},
};

static void set(struct config_table **table, const struct preset *preset)
{
    const struct schema_table *schema = config_table_schema(*table);
    const struct schema_row *row = config_table_find(*table, span_text(preset->key));
    if (!row)
        abort(); /* the schema has no such preset any more */
    struct schema_value *values = xcalloc(schema->field_count, sizeof *values);
    memcpy(values, row->values, schema->field_count * sizeof *values);
    values[preset->field].number = preset->value;
    config_table_put(table, schema_row_new(schema, values));
    free(values);
}

static struct schema_row *make_certificate(const char *hostname, struct error *error)
{
    struct buf certificate = {0}, key = {0};
    struct schema_row *row = NULL;
    if (self_signed_make(hostname, &certificate, &key, error)) {
        const struct schema_value values[CERTIFICATES_FIELD_COUNT] = {
            [CERTIFICATES_NAME] = {.text = SPAN("DEFAULT")},
            [CERTIFICATES_CERTIFICATE] = {.text = buf_span(&certificate)},
            [CERTIFICATES_PRIVATE_KEY] = {.text = buf_span(&key)},
        };
        row = schema_row_new(&schema_tables[SCHEMA_CERTIFICATES], values);
    }
    buf_free(&certificate);
    buf_free(&key);
    return row;
}

struct config_tree *first_revision(const char *level, const char *hostname, bool is_private,
                                   struct error *error)
{
    struct schema_row *certificate = make_certificate(hostname, error);
    if (!certificate)
        return NULL;
    struct config_tree *tree = config_tree_new();
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        struct config_table *table = config_table_preset(&schema_tables[id]);
        for (size_t i = 0; is_private && i < sizeof private_presets / sizeof private_presets[0]; i++)
            if ((int)private_presets[i].table == id)
                set(&table, &private_presets[i]);
        if (id == SCHEMA_CERTIFICATES)
            config_table_put(&table, certificate);
        config_tree_set(&tree, level, id, table);
    }
    return tree;
}
