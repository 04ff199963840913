/* clustermode: the level that this session works at. */
#include <stdlib.h>
#include <string.h>

#include "commands/levels.h"
#include "commands/values.h"
#include "engine/base/xalloc.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct buf level = {0};
    enum api_status status =
        level_read(arg_count, args, &level)
            ? shell_mode(sh, buf_text(&level))
            : shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "cluster, group NAME or machine NAME");
    buf_free(&level);
    return status;
}

/* ---- the list of all modes ---- */

enum { MODES_MOST = 1000 };

struct modes {
    struct arena *arena;
    size_t count;
    const char *levels[MODES_MOST], *titles[MODES_MOST];
};

static void add(struct modes *m, const char *kind, const char *name, const char *cluster)
{
    struct buf text = {0};
    if (m->count == MODES_MOST)
        return;
    buf_printf(&text, "%s%s", kind, name);
    m->levels[m->count] = arena_text(m->arena, buf_span(&text));
    buf_clear(&text);
    level_put(&text, m->levels[m->count], cluster);
    m->titles[m->count++] = arena_text(m->arena, buf_span(&text));
    buf_free(&text);
}

static void add_all(struct modes *m, const json_t *result)
{
    size_t i, j;
    const json_t *group, *machine;
    const char *cluster = text_of(result, "cluster");
    add(m, "cluster", "", cluster);
    json_array_foreach(json_object_get(result, "groups"), i, group)
    {
        add(m, "group/", text_of(group, "group"), cluster);
        json_array_foreach(json_object_get(group, "machines"), j, machine)
            add(m, "machine/", text_of(machine, "machine"), cluster);
    }
}

static enum api_status choose(struct shell *sh, struct modes *m)
{
    size_t chosen = 0;
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->levels[i], shell_level(sh)) == 0)
            chosen = i;
    enum ui_result result = ui_choose(sh, "Choose the mode:", m->titles, m->count, &chosen);
    return result == UI_DONE ? shell_mode(sh, m->levels[chosen]) : ui_status(sh, result);
}

static enum api_status dialogue(struct shell *sh)
{
    json_t *result = NULL;
    enum api_status status = shell_mode(sh, NULL);
    if (status == API_DONE && !shell_cluster(sh)[0])
        return shell_fail(sh, API_ERROR_NOT_CLUSTERED, "clustermode");
    if (status == API_DONE)
        status = shell_call(sh, json_pack("{s:s}", "method", "cluster.list"), &result);
    struct modes *m = xcalloc(1, sizeof *m);
    m->arena = arena_new();
    if (status == API_DONE) {
        add_all(m, result);
        status = choose(sh, m);
    }
    arena_free(m->arena);
    free(m);
    json_decref(result);
    return status;
}

const struct command command_clustermode = {
    .name = "clustermode",
    .summary = "choose the level of the cluster that this session works at",
    .usage = "cluster | group NAME | machine [NAME]",
    .details =
        "  A session begins in the mode of its machine.  What a machine does not set it has from its group,\n"
        "  what the group does not set from the cluster.  In a cluster every configuration command has "
        "also:\n"
        "    clusterset new [defaults]    set its settings here, with a copy of those in force or with "
        "defaults\n"
        "    clusterset delete            delete them here, so that they are inherited\n"
        "    clusterset copy|move LEVEL   copy or move them from here to cluster, group NAME or machine "
        "NAME\n"
        "    clustershow                  show at which levels they are set\n",
    .least_args = 1,
    .most_args = 2,
    .run = run,
    .dialogue = dialogue,
};
