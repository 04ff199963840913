/* Whether a configuration can be committed.  Only rows that differ from the configuration before are looked at. */
#include "engine/config/check.h"
#include "engine/config/candidate.h"
#include "engine/config/cluster.h"

struct check {
    const struct schema_table *table;
    void (*warn)(const char *sentence, void *context);
    void *context;
    struct error *error;
    bool failed;
};

/* ---- rows ---- */

static void check_row(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct check *check = context;
    struct error reason;
    if (!after || check->failed)
        return;
    if (check->table->check_row && !check->table->check_row(after, &reason)) {
        struct span key = schema_row_key(after);
        check->failed = true;
        error_set(check->error, "%s%s%.*s: %s", check->table->name, key.n ? " " : "", (int)key.n, key.p,
                  reason.text);
        return;
    }
    if (check->warn)
        schema_row_warn(before, after, check->warn, check->context);
}

/* ---- the whole ---- */

static void check_table(struct check *check, const struct config_table *before,
                        const struct config_table *after)
{
    const struct schema_table *table = config_table_schema(after);
    check->table = table;
    if (table->fixed_key && !config_table_find(after, span_text(table->fixed_key))) {
        check->failed = true;
        error_set(check->error, "%s: the %s '%s' is missing", table->name, table->row_noun, table->fixed_key);
    }
    if (table->most_rows && config_table_count(after) > table->most_rows) {
        check->failed = true;
        error_set(check->error, "there are more than %u %s", table->most_rows, table->name);
    }
    if (!check->failed)
        config_table_diff(before, after, check_row, check);
}

bool config_check(const struct config_tree *tree, const struct config_tree *before,
                  const struct config_place *place, void (*warn)(const char *sentence, void *context),
                  void *context, struct error *error)
{
    struct check check = {.warn = warn, .context = context, .error = error};
    struct config_check whole = {.warn = warn, .context = context};
    const struct config_table **old = whole.before, **new = whole.after;
    struct config_table *empty[SCHEMA_TABLE_COUNT];
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        empty[id] = config_table_new(&schema_tables[id]);
        old[id] = before ? config_resolve(before, place, (enum schema_table_id)id, NULL) : empty[id];
        new[id] = config_resolve(tree, place, (enum schema_table_id)id, NULL);
        if (!check.failed)
            check_table(&check, old[id], new[id]);
    }
    if (!check.failed)
        check.failed = !config_check_owners(&whole, error) || !config_check_listeners(&whole, error) ||
                       !config_check_spamd(&whole, error);
    if (!check.failed && warn)
        config_check_effect(&whole);
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        config_table_unref(empty[id]);
    return !check.failed;
}

/* Nobody is told the warnings: they are about a machine that is not here. */
static bool check_other(const struct config_tree *tree, const struct config_tree *before, struct span machine,
                        struct error *error)
{
    struct buf level = {0};
    struct error why;
    buf_printf(&level, CONFIG_MACHINE "%.*s", (int)machine.n, machine.p);
    const struct config_place place = {buf_text(&level)};
    bool good = config_check(tree, before, &place, NULL, NULL, &why) ||
                error_set(error, "machine %.*s: %s", (int)machine.n, machine.p, why.text);
    buf_free(&level);
    return good;
}

bool config_check_everywhere(const struct config_tree *tree, const struct config_tree *before,
                             const struct config_place *place,
                             void (*warn)(const char *sentence, void *context), void *context,
                             struct error *error)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    struct span own = span_text(place->level + strlen(CONFIG_MACHINE));
    if (!config_check_levels(tree, error) || !config_check(tree, before, place, warn, context, error))
        return false;
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_MEMBERS, NULL));
    for (const struct schema_row *row; (row = config_table_next(&c));)
        if (!span_equal(schema_row_key(row), own) && !check_other(tree, before, schema_row_key(row), error))
            return false;
    if (before && warn)
        config_check_levels_effect(tree, before, warn, context);
    return true;
}
