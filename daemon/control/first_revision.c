/* The first revision of an instance: the built-in defaults, its name, a certificate (R23), what a private instance has
 * instead, and the place of its first listener. */
#include "daemon/control/first_revision.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/control/self_signed.h"
#include "daemon/route.h"
#include "engine/base/xalloc.h"

static const struct preset {
    enum schema_table_id table;
    const char *key; /* "" for a single table */
    unsigned field;
    const char *value; /* as one would type it */
} private_presets[] = {
    {SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on"},
    {SCHEMA_ANTISPAM, "", ANTISPAM_LICENCE_ACCEPTED, "on"},
    {SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on"},
    {SCHEMA_RCPTACCESS, "public/ALL", RCPTACCESS_ACCESS, "accept"},
};

/* Tables that are empty in a private instance: there everything comes from loopback and must be judged as incoming. */
static const enum schema_table_id private_empty[] = {SCHEMA_HOSTACCESS};

/* Sets a field of a row, which is made when it is not there. */
static void set(struct config_table **table, const char *key, unsigned field, struct span value)
{
    const struct schema_table *schema = config_table_schema(*table);
    const struct schema_row *old = config_table_find(*table, span_text(key));
    struct schema_row *row = old ? schema_row_ref(old) : schema_row_preset(schema, span_text(key));
    struct schema_value *values = xcalloc(schema->field_count, sizeof *values);
    struct error error;
    memcpy(values, row->values, schema->field_count * sizeof *values);
    if (!schema_value_parse(&schema->fields[field], value, &values[field], &error))
        abort(); /* the schema has no such value any more */
    config_table_put(table, schema_row_new(schema, values));
    schema_row_unref(row);
    free(values);
}

/* listen was checked when the instance was started. */
static void set_listener(struct config_table **table, const char *listen)
{
    struct span address;
    uint16_t port;
    char digits[8];
    struct error error;
    if (!host_port_parse(listen, &address, &port, &error))
        return;
    set(table, "public", LISTENERS_ADDRESS, address);
    snprintf(digits, sizeof digits, "%u", port);
    set(table, "public", LISTENERS_PORT, span_text(digits));
}

static void make_private(struct config_table **table)
{
    enum schema_table_id id = config_table_schema(*table)->id;
    for (size_t i = 0; i < sizeof private_empty / sizeof private_empty[0]; i++)
        if (private_empty[i] == id)
            config_table_clear(table);
    for (size_t i = 0; i < sizeof private_presets / sizeof private_presets[0]; i++)
        if (private_presets[i].table == id)
            set(table, private_presets[i].key, private_presets[i].field, span_text(private_presets[i].value));
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
                                   const char *listen, struct error *error)
{
    struct schema_row *certificate = make_certificate(hostname, error);
    if (!certificate)
        return NULL;
    struct config_tree *tree = config_tree_new();
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        if (schema_tables[id].is_shape)
            continue; /* in no cluster */
        struct config_table *table = config_table_preset(&schema_tables[id]);
        if (is_private)
            make_private(&table);
        if (id == SCHEMA_GATEWAY)
            set(&table, "", GATEWAY_HOSTNAME, span_text(hostname));
        if (id == SCHEMA_LISTENERS)
            set_listener(&table, listen);
        if (id == SCHEMA_CERTIFICATES)
            config_table_put(&table, certificate);
        config_tree_set(&tree, level, id, table);
    }
    return tree;
}
