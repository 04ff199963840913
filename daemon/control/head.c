/* The head revision in memory, over the store. */
#include "daemon/control/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/control/audit.h"
#include "daemon/control/confirmation.h"
#include "daemon/control/first_revision.h"
#include "daemon/control/labels.h"
#include "daemon/control/manifest.h"
#include "daemon/control/store_config.h"
#include "daemon/control/stored_row.h"
#include "daemon/control/tidy.h"
#include "daemon/hostname.h"
#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

static struct store_config *store;
static struct arena *arena; /* of the manifest */
static struct manifest manifest;
static struct config_tree *tree;
static char level[300]; /* "machine/" and a host name */
static const struct config_place place = {level};
static char hostname[HOSTNAME_SIZE];

struct store_config *head_store(void)
{
    return store;
}

const struct manifest *head_manifest(void)
{
    return &manifest;
}

struct config_tree *head_tree(void)
{
    return tree;
}

const struct config_place *head_place(void)
{
    return &place;
}

const char *head_hostname(void)
{
    return hostname;
}

static void set_head(const struct manifest *m, struct config_tree *its_tree)
{
    struct arena *old_arena = arena;
    struct config_tree *old_tree = tree;
    arena = arena_new();
    manifest = manifest_copy(m, arena);
    tree = config_tree_ref(its_tree);
    hostname_read(config_resolve(tree, &place, SCHEMA_GATEWAY, NULL), hostname);
    if (old_arena)
        arena_free(old_arena);
    if (old_tree)
        config_tree_unref(old_tree);
}

/* The name that this machine had when its store was made: a new host name must not make its settings another's. */
static bool find_level(struct error *error)
{
    struct buf name = {0};
    bool good = store_config_machine(store, &name, error);
    if (good && name.len == 0) {
        buf_append_span(&name, span_text(role_settings()->hostname));
        good = store_config_set_machine(store, buf_text(&name), error);
    }
    if (good && (size_t)snprintf(level, sizeof level, "machine/%s", buf_text(&name)) >= sizeof level)
        good = error_set(error, "the name of this machine in config.db is too long");
    buf_free(&name);
    return good;
}

/* Unique for ever, so that nobody takes the first revision of one store for that of another. */
static void random_commit_id(char id[COMMIT_ID_MAX + 1])
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        abort();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static bool make_first(struct error *error)
{
    struct manifest first = {.revision = 1,
                             .time = clock_wall_us(),
                             .author = "mailwardd",
                             .source = "",
                             .host = role_settings()->hostname,
                             .comment = "first start"};
    random_commit_id(first.commit_id);
    const struct settings *set = role_settings();
    struct config_tree *its_tree =
        first_revision(level, set->hostname, role_is_private(), set->listen, error);
    if (!its_tree)
        return false;
    bool good = head_commit(its_tree, &first, error);
    config_tree_unref(its_tree);
    return good;
}

/* Manifest and tree of a stored revision; like as in stored_tree_get(). */
static bool load(uint64_t revision, const struct config_tree *like, struct arena *to, struct manifest *m,
                 struct config_tree **its_tree, struct error *error)
{
    struct buf text = {0};
    json_t *levels = NULL;
    bool good = store_config_get_revision(store, revision, &text, error) &&
                (text.len || error_set(error, "revision %llu is not kept", (unsigned long long)revision)) &&
                manifest_get(buf_span(&text), to, m, &levels, error);
    *its_tree = good ? stored_tree_get(store, levels, like, error) : NULL;
    json_decref(levels);
    buf_free(&text);
    return *its_tree != NULL;
}

struct manifest head_undo(const char *author, const char *source, const char *why,
                          char comment[UNDO_COMMENT_MAX])
{
    const struct confirmation *pending = confirmation_pending();
    snprintf(comment, UNDO_COMMENT_MAX, "Automatic: revision %llu %s", (unsigned long long)pending->revision,
             why);
    struct manifest m = {.revision = manifest.revision + 1,
                         .parent = manifest.revision,
                         .rollback_of = pending->base,
                         .time = clock_wall_us(),
                         .author = author,
                         .source = source,
                         .host = hostname,
                         .comment = comment};
    random_commit_id(m.commit_id);
    return m;
}

/* The time ran out while nothing ran: no role has seen the head yet. */
static bool undo_overdue(struct error *error)
{
    char comment[UNDO_COMMENT_MAX];
    const struct manifest m = head_undo("mailwardd", "", "was not confirmed in time", comment);
    struct config_tree *base = head_load_tree(m.rollback_of, error);
    if (!base)
        return false;
    bool good = head_commit(base, &m, error);
    if (good)
        LOG(NOT_CONFIRMED, LOG_U(m.parent), LOG_U(m.revision), LOG_U(m.rollback_of));
    config_tree_unref(base);
    return good;
}

/* A gateway that runs unconfirmed (a full disk, a damaged base) is better than none: roll_back.c tries again. */
static void undo_when_overdue(void)
{
    struct error why;
    if (confirmation_pending() && confirmation_left() == 0 && !undo_overdue(&why))
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
}

bool head_open(struct error *error)
{
    uint64_t revision;
    struct error why;
    store = store_config_open("config/config.db", error);
    if (!store)
        return false;
    audit_open(store);
    tidy_open(store);
    labels_open(store);
    if (!find_level(error) || !store_config_head(store, &revision, error))
        return false;
    if (!confirmation_open(store, error))
        return false;
    if (revision == 0)
        return make_first(error);
    struct arena *scratch = arena_new();
    struct manifest m;
    struct config_tree *its_tree;
    bool good = load(revision, NULL, scratch, &m, &its_tree, &why);
    if (good) {
        set_head(&m, its_tree);
        config_tree_unref(its_tree);
    } else {
        error_set(
            error,
            "cannot read revision %llu of config.db: %s; put back a copy of config/config.db, or move it "
            "away to start from presets",
            (unsigned long long)revision, why.text);
    }
    arena_free(scratch);
    if (good)
        undo_when_overdue();
    return good;
}

struct config_tree *head_load_tree(uint64_t revision, struct error *error)
{
    if (revision == manifest.revision)
        return config_tree_ref(tree);
    struct arena *scratch = arena_new();
    struct manifest m;
    struct config_tree *its_tree;
    load(revision, tree, scratch, &m, &its_tree, error);
    arena_free(scratch);
    return its_tree;
}

struct history {
    struct arena *arena;
    struct manifest *rows;
    unsigned limit, count;
    bool all;
};

static bool add_to_history(struct span text, void *context)
{
    struct history *h = context;
    struct error ignored;
    if (h->count == h->limit)
        return false;
    struct manifest *m = &h->rows[h->count];
    if (manifest_get(text, h->arena, m, NULL, &ignored) && (h->all || !m->hidden))
        h->count++;
    return true;
}

const struct manifest *head_history(struct arena *to, unsigned limit, bool all, unsigned *count)
{
    struct error why;
    struct history h = {.arena = to, .all = all};
    h.limit = limit < REVISIONS_STORED ? limit : REVISIONS_STORED;
    h.rows = arena_calloc(to, h.limit, sizeof *h.rows);
    if (!store_config_each_revision(store, add_to_history, &h, &why))
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    *count = h.count;
    return h.rows;
}

struct row_walk {
    struct arena *arena;
    struct stored_row at;
    const struct manifest *newer; /* the revision behind, and whether it is to be told of */
    unsigned steps;
    bool (*visit)(const struct schema_row *before, const struct manifest *revision, void *context);
    void *context;
};

static bool walk_on(struct span text, void *context)
{
    struct row_walk *w = context;
    struct error ignored;
    struct manifest *m = arena_calloc(w->arena, 1, sizeof *m);
    json_t *levels = NULL;
    bool good = w->steps++ < REVISIONS_STORED && manifest_get(text, w->arena, m, &levels, &ignored) &&
                stored_row_step(&w->at, levels, &ignored);
    json_decref(levels);
    bool goes_on = good && (!w->newer || w->visit(w->at.row, w->newer, w->context));
    w->newer = goes_on ? m : NULL;
    return goes_on;
}

void head_walk_row(struct arena *to, const char *at, const struct schema_row *row,
                   bool (*visit)(const struct schema_row *before, const struct manifest *revision,
                                 void *context),
                   void *context)
{
    struct error why;
    struct row_walk w = {
        .arena = to, .at = {.store = store, .level = at, .like = row}, .visit = visit, .context = context};
    if (!store_config_each_revision(store, walk_on, &w, &why))
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    else if (w.newer && w.newer->parent == 0)
        visit(NULL, w.newer, context);
    stored_row_end(&w.at);
}

bool head_find_commit(struct arena *to, const char *commit_id, const struct manifest **found,
                      struct error *error)
{
    struct buf text = {0};
    struct manifest *m = arena_calloc(to, 1, sizeof *m);
    bool good = store_config_find_commit(store, commit_id, &text, error) &&
                (text.len == 0 || manifest_get(buf_span(&text), to, m, NULL, error));
    *found = good && text.len ? m : NULL;
    buf_free(&text);
    return good;
}

/* A revision on the walk through the history. */
struct state {
    struct manifest manifest;
    struct config_tree *tree;
};

static const struct schema_row *row_of(const struct config_table *table, struct span key)
{
    return table ? config_table_find(table, key) : NULL;
}

static bool same_table(const struct config_table *a, const struct config_table *b)
{
    return a == b || (a && b && config_table_equal(a, b));
}

/* The changes that newer made to older.  Neighbours are mostly of one table, which is compared once. */
static void note_changes(const struct state *older, const struct state *newer, struct head_change *changes,
                         size_t count, struct arena *to)
{
    const struct config_table *before = NULL, *after = NULL;
    struct manifest *found = NULL;
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        struct head_change *c = &changes[i];
        const struct config_table *a = config_tree_table(older->tree, c->level, c->table->id);
        const struct config_table *b = config_tree_table(newer->tree, c->level, c->table->id);
        if (a != before || b != after)
            same = same_table(a, b);
        before = a;
        after = b;
        if (same || c->newest || schema_row_same(row_of(a, c->key), row_of(b, c->key)))
            continue;
        if (!found) {
            found = arena_calloc(to, 1, sizeof *found);
            *found = manifest_copy(&newer->manifest, to);
        }
        c->newest = found;
    }
}

void head_last_changes(struct arena *to, uint64_t since, struct head_change *changes, size_t count)
{
    struct error ignored;
    struct arena *scratch = arena_new();
    struct state newer = {manifest, config_tree_ref(tree)}, older;
    while (newer.manifest.revision > since) {
        if (!load(newer.manifest.revision - 1, newer.tree, scratch, &older.manifest, &older.tree, &ignored))
            break;
        note_changes(&older, &newer, changes, count, to);
        config_tree_unref(newer.tree);
        newer = older;
    }
    config_tree_unref(newer.tree);
    arena_free(scratch);
}

/* Inside a transaction. */
static bool write_revision(struct config_tree *its_tree, const struct manifest *m, struct error *error)
{
    uint64_t now;
    if (!store_config_head(store, &now, error))
        return false;
    if (now != m->parent)
        return error_set(error, "another commit came between");
    json_t *levels = stored_tree_put(store, its_tree, tree, error);
    if (!levels)
        return false;
    struct buf text = {0};
    char detail[64];
    snprintf(detail, sizeof detail, "revision %llu", (unsigned long long)m->revision);
    manifest_put(&text, m, levels);
    json_decref(levels);
    struct store_config_audit record = {m->time, m->author, m->source, "config.commit", detail, 0};
    bool good = store_config_add_revision(store, m->revision, m->commit_id, buf_span(&text), error) &&
                store_config_set_head(store, m->revision, error) && confirmation_put(m, error) &&
                audit_put_gathered(error) && store_config_audit(store, &record, error);
    buf_free(&text);
    return good;
}

bool head_commit(struct config_tree *its_tree, const struct manifest *m, struct error *error)
{
    if (!store_config_begin(store, error))
        return false;
    if (!write_revision(its_tree, m, error)) {
        store_config_rollback(store);
        return false;
    }
    switch (store_config_commit(store, error)) {
    case STORE_CONFIG_DONE:
        audit_forget_gathered();
        confirmation_committed();
        tidy_soon();
        set_head(m, its_tree);
        return true;
    case STORE_CONFIG_NOT_DONE:
        return false;
    default:
        role_fatal("whether revision %llu is committed is not known: %s", (unsigned long long)m->revision,
                   error->text);
    }
}
