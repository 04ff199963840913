/* config.db: every blob against its hash, every revision against the schema. */
#include <inttypes.h>
#include <jansson.h>

#include "daemon/control/manifest.h"
#include "daemon/control/stored_tree.h"
#include "daemon/stores/check.h"

static const char help[] =
    "put back an older config.db, or restore a backup; rollbackconfig makes a revision anew";

struct walk {
    struct report *report;
    struct check_config_figures *figures;
    const char *path;
    struct store_config *store;
    struct config_tree *newer; /* of the revision before, whose chunks are shared */
    struct buf machine;        /* the level of this machine */
    bool has_head;
};

static void check_blob(struct span hash, struct span body, void *context)
{
    const struct walk *w = context;
    unsigned char found[STORE_HASH_BYTES];
    store_config_hash(body, found);
    const unsigned char *h = (const unsigned char *)hash.p;
    if (hash.n != sizeof found)
        report_problem(w->report, w->path, help, "a blob has a hash of %zu bytes", hash.n);
    else if (memcmp(h, found, sizeof found) != 0)
        report_problem(w->report, w->path, help, "the blob %02x%02x%02x%02x... does not match its hash", h[0],
                       h[1], h[2], h[3]);
}

static void check_head(struct walk *w, const struct config_tree *tree)
{
    const char *level;
    w->has_head = true;
    for (size_t i = 0; (level = config_tree_level(tree, i)); i++)
        if (strcmp(level, buf_text(&w->machine)) == 0)
            return;
    report_problem(w->report, w->path, help, "revision %llu has no level %s", w->figures->head,
                   buf_text(&w->machine));
}

static bool check_revision(struct span text, void *context)
{
    struct walk *w = context;
    struct arena *arena = arena_new();
    struct manifest m = {0};
    json_t *levels = NULL;
    struct error error;
    w->figures->revisions++;
    struct config_tree *tree = NULL;
    if (!manifest_get(text, arena, &m, &levels, &error))
        report_problem(w->report, w->path, help, "%s", error.text);
    else if (!(tree = stored_tree_get(w->store, levels, w->newer, &error)))
        report_problem(w->report, w->path, help, "revision %" PRIu64 ": %s", m.revision, error.text);
    if (tree && m.revision == w->figures->head)
        check_head(w, tree);
    if (tree && w->newer)
        config_tree_unref(w->newer);
    if (tree)
        w->newer = tree;
    json_decref(levels);
    arena_free(arena);
    return true;
}

/* A revision is found by the columns of its row, and read by its record. */
static const char rows_sql[] = "SELECT 'the record of revision ' || number || ' is of another' FROM revision "
                               "WHERE NOT json_valid(manifest)"
                               " OR json_extract(manifest, '$.revision') IS NOT number"
                               " OR json_extract(manifest, '$.commit_id') IS NOT commit_id";

static bool on_wrong_row(struct span text, void *context)
{
    struct walk *w = context;
    report_problem(w->report, w->path, help, "%.*s", (int)text.n, text.p);
    return true;
}

static bool check_stored(struct walk *w, struct error *error)
{
    struct buf name = {0};
    uint64_t head = 0;
    bool good = store_config_machine(w->store, &name, error) && store_config_head(w->store, &head, error);
    buf_printf(&w->machine, "machine/%s", buf_text(&name));
    buf_free(&name);
    w->figures->head = head;
    good = good && store_config_each_blob(w->store, check_blob, w, error) &&
           store_config_each_revision(w->store, check_revision, w, error);
    bool is_new = head == 0 && w->figures->revisions == 0;
    if (good && !w->has_head && !is_new)
        report_problem(w->report, w->path, help, "the revision in force, %" PRIu64 ", cannot be read", head);
    if (w->newer)
        config_tree_unref(w->newer);
    buf_free(&w->machine);
    return good;
}

void check_config(struct report *r, const char *path, struct check_config_figures *figures)
{
    struct error error;
    struct walk w = {.report = r, .path = path, .figures = figures};
    sqlite3 *db = check_open(r, DATABASE_CONFIG, path);
    if (!db)
        return;
    if (!database_each_text(db, rows_sql, on_wrong_row, &w, &error))
        report_problem(r, path, help, "%s", error.text);
    sqlite3_close(db);
    w.store = store_config_open_reader(path, &error);
    if (!w.store || !check_stored(&w, &error))
        report_problem(r, path, help, "%s", error.text);
    if (w.store)
        store_config_close(w.store);
}
