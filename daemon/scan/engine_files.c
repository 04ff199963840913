/* Models and rules in memory. */
#include "daemon/scan/engine_files.h"

#include <inttypes.h>
#include <stdlib.h>

#include "daemon/paths.h"
#include "engine/base/xalloc.h"
#include "engine/scan/model.h"
#include "engine/scan/rules.h"

enum { RULE_FILES_MAX = PACKAGE_MEMBERS_MAX * PACKAGE_COMPONENT_COUNT };

struct engine_files {
    unsigned references;
    struct arena *arena;                /* of texts and names */
    const struct engine_files *shipped; /* a reference: some of what is here is there; NULL: this is it */
    struct scan_model *model;           /* its own, or NULL: the shipped one */
    uint64_t versions[PACKAGE_COMPONENT_COUNT];
    struct span packages[PACKAGE_COMPONENT_COUNT]; /* empty: the shipped one */
    struct scan_rule_file rules[RULE_FILES_MAX];
    enum package_component component_of[RULE_FILES_MAX];
    size_t rule_count;
};

static struct engine_files *new_files(void)
{
    struct engine_files *f = xcalloc(1, sizeof *f);
    f->references = 1;
    f->arena = arena_new();
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        f->versions[i] = package_components[i].shipped_version;
    return f;
}

static void add_rules(struct engine_files *f, enum package_component component, struct scan_rule_file file)
{
    f->component_of[f->rule_count] = component;
    f->rules[f->rule_count++] = file;
}

static enum package_component component_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return package_component_of_rules(span_text(slash ? slash + 1 : path));
}

static bool read_shipped(struct engine_files *f, struct error *error)
{
    struct scan_rule_file *files;
    size_t count;
    f->model = scan_model_load(paths_find("spam.model", PKG_DATA_DIR), SCAN_ASK_SPAM, error);
    const char *folder = paths_find("rules", PKG_DATA_DIR);
    if (!f->model || !scan_rule_files_read(folder, f->arena, &files, &count, error))
        return false;
    if (count > PACKAGE_MEMBERS_MAX)
        return error_set(error, "%s: more than %d files", folder, PACKAGE_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++)
        add_rules(f, component_of_file(files[i].name), files[i]);
    return true;
}

struct engine_files *engine_files_shipped(struct error *error)
{
    struct engine_files *f = new_files();
    if (read_shipped(f, error))
        return f;
    engine_files_unref(f);
    return NULL;
}

/* ---- updates ---- */

static bool take_package(struct engine_files *f, enum package_component component, struct span file,
                         struct error *error)
{
    struct package p;
    const struct package_component_row *row = &package_components[component];
    f->packages[component] = arena_dup(f->arena, file);
    if (!package_read(f->packages[component], &p, error))
        return false;
    if (p.component != component || p.format != row->format)
        return error_set(error, "is not a package %s of format %llu", row->name,
                         (unsigned long long)row->format);
    f->versions[component] = p.version;
    if (row->kind == PACKAGE_MODEL) {
        f->model = scan_model_parse(p.members[0].content, SCAN_ASK_SPAM, error);
        return f->model != NULL;
    }
    for (size_t i = 0; i < p.member_count; i++) {
        const char *name = arena_text(f->arena, p.members[i].name);
        add_rules(f, component, (struct scan_rule_file){name, p.members[i].content});
    }
    return true;
}

struct engine_files *engine_files_updated(const struct engine_files *shipped,
                                          const struct span packages[PACKAGE_COMPONENT_COUNT],
                                          struct error *error)
{
    struct engine_files *f = new_files();
    f->shipped = engine_files_ref((struct engine_files *)shipped);
    bool good = true;
    for (size_t i = 0; i < shipped->rule_count; i++)
        if (!packages[shipped->component_of[i]].n)
            add_rules(f, shipped->component_of[i], shipped->rules[i]);
    for (int i = 0; good && i < PACKAGE_COMPONENT_COUNT; i++)
        good = !packages[i].n || take_package(f, (enum package_component)i, packages[i], error);
    if (good)
        return f;
    engine_files_unref(f);
    return NULL;
}

struct engine_files *engine_files_ref(struct engine_files *files)
{
    files->references++;
    return files;
}

void engine_files_unref(struct engine_files *files)
{
    if (!files || --files->references)
        return;
    scan_model_free(files->model);
    engine_files_unref((struct engine_files *)files->shipped);
    arena_free(files->arena);
    free(files);
}

bool engine_files_equal(const struct engine_files *a, const struct engine_files *b)
{
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        if (!span_equal(a->packages[i], b->packages[i]))
            return false;
    return true;
}

void engine_files_put_versions(const struct engine_files *files, struct buf *out)
{
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        buf_printf(out, "%s%s %" PRIu64, i ? ", " : "", package_components[i].name, files->versions[i]);
}

const struct scan_model *engine_files_model(const struct engine_files *files)
{
    return files->model ? files->model : files->shipped->model;
}

struct scan_rules *engine_files_compile(const struct engine_files *files, struct error *error)
{
    return scan_rule_files_compile(files->rules, files->rule_count, error);
}
