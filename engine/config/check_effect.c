/* Warns of settings without effect.
 *
 * Only what differs from the configuration before is looked at, and rows that depend on what differs.
 */
#include "engine/config/check.h"
#include "engine/config/cluster.h"
#include "engine/config/doubts.h"

/* One doubt about one table. */
struct look {
    const struct config_doubt *doubt;
    const struct config_check *check;
    size_t count;
    struct span first;
};

static void look_at(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct look *look = context;
    if (!after || !look->doubt->applies(before, after, look->check->after))
        return;
    bool is_same = before && schema_row_equal(before, after);
    if ((!is_same || !look->doubt->applies(before, before, look->check->before)) && look->count++ == 0)
        look->first = schema_row_key(after);
}

static bool differs(const struct config_check *check, uint64_t of)
{
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if ((of >> id & 1) && !config_table_equal(check->before[id], check->after[id]))
            return true;
    return false;
}

/* "incoming-policy Sales and 2 more: ..." */
static void tell(const struct look *look, const char *table)
{
    struct buf sentence = {0};
    buf_printf(&sentence, "%s%s", table, look->first.n ? " " : "");
    buf_append_span(&sentence, look->first);
    if (look->count > 1)
        buf_printf(&sentence, " and %zu more", look->count - 1);
    buf_printf(&sentence, ": %s", look->doubt->sentence);
    look->check->warn(buf_text(&sentence), look->check->context);
    buf_free(&sentence);
}

static void look_through(struct look *look, enum schema_table_id id)
{
    const struct config_table *before = look->check->before[id], *after = look->check->after[id];
    if (differs(look->check, look->doubt->depends)) {
        struct config_cursor c = config_table_start(after);
        for (const struct schema_row *row; (row = config_table_next(&c));)
            look_at(config_table_find(before, schema_row_key(row)), row, look);
    } else {
        config_table_diff(before, after, look_at, look);
    }
    if (look->count)
        tell(look, schema_tables[id].name);
}

void config_check_effect(const struct config_check *check)
{
    static const struct config_doubt *const doubts[] = {config_doubts_scanning, config_doubts_gateway};
    for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++)
        for (const struct config_doubt *d = doubts[i]; d->of; d++)
            for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
                if (d->of >> id & 1)
                    look_through(&(struct look){.doubt = d, .check = check}, (enum schema_table_id)id);
}

/* ---- levels ---- */

struct levels {
    const struct config_tree *tree;
    void (*warn)(const char *sentence, void *context);
    void *context;
};

/* Whether a machine of the cluster has its settings of this table from level. */
static bool is_in_force(const struct config_tree *tree, const char *level, enum schema_table_id id)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    struct buf machine = {0};
    bool found = false;
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_MEMBERS, NULL));
    for (const struct schema_row *row; !found && (row = config_table_next(&c));) {
        const char *at;
        buf_clear(&machine);
        buf_printf(&machine, CONFIG_MACHINE "%.*s", (int)schema_row_key(row).n, schema_row_key(row).p);
        config_resolve(tree, &(struct config_place){buf_text(&machine)}, id, &at);
        found = at && strcmp(at, level) == 0;
    }
    buf_free(&machine);
    return found;
}

static bool look_at_level(const char *level, enum schema_table_id id, struct config_table *before,
                          struct config_table *after, void *context)
{
    struct levels *levels = context;
    struct buf sentence = {0};
    bool is_set = after && !schema_tables[id].is_shape && !(before && config_table_equal(before, after));
    if (is_set && !is_in_force(levels->tree, level, id)) {
        buf_printf(&sentence, "%s: %s is in force on no machine: none is there, or all have their own", level,
                   schema_tables[id].name);
        levels->warn(buf_text(&sentence), levels->context);
    }
    buf_free(&sentence);
    return true;
}

void config_check_levels_effect(const struct config_tree *tree, const struct config_tree *before,
                                void (*warn)(const char *sentence, void *context), void *context)
{
    if (config_cluster_name(tree).n)
        config_tree_pairs(before, tree, look_at_level, &(struct levels){tree, warn, context});
}
