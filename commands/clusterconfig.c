/* clusterconfig: the cluster, its groups, and which machine is in which.  Takes effect at once. */
#include <string.h>

#include "commands/levels.h"
#include "commands/values.h"

/* ---- changes ---- */

/* The mode may be gone with its group, and a new cluster is entered. */
static enum api_status follow(struct shell *sh, const char *operation)
{
    return shell_mode(sh, strcmp(operation, "new") == 0 ? "cluster" : NULL);
}

static enum api_status change(struct shell *sh, const char *operation, const char *name, const char *other)
{
    json_t *result, *request = json_pack("{s:s,s:s,s:s,s:s*}", "method", "cluster.change", "operation",
                                         operation, "name", name, "other", other);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
    enum api_status status = shell_commit(sh, request, &result);
    bool is_done = status == API_DONE && result; /* no result: only checked */
    if (result)
        out_value(sh, "revision", json_incref(json_object_get(result, "revision")));
    json_decref(result);
    return is_done ? follow(sh, operation) : status;
}

static enum api_status batch_change(struct shell *sh, const struct call *call)
{
    return change(sh, call->path[call->depth - 1]->word, call->args[0],
                  call->arg_count > 1 ? call->args[1] : NULL);
}

static enum api_status batch_prepare(struct shell *sh, const struct call *call)
{
    return change(sh, "prepjoin", call->args[0], call->arg_count > 1 ? call->args[1] : NULL);
}

static enum api_status batch_forget(struct shell *sh, const struct call *call)
{
    return change(sh, "removemachine", call->args[0], NULL);
}

/* ---- what needs other machines ---- */

static enum api_status not_yet(struct shell *sh)
{
    return shell_fail(
        sh, API_ERROR_MISSING_KEY,
        "replication\nThis needs the connection between machines, which this version does not have.");
}

static enum api_status batch_not_yet(struct shell *sh, const struct call *call)
{
    (void)call;
    return not_yet(sh);
}

/* ---- the list ---- */

static void put_groups(struct buf *out, const json_t *groups)
{
    size_t i, j;
    const json_t *group, *machine;
    json_array_foreach(groups, i, group)
    {
        buf_printf(out, "Group %s:\n", text_of(group, "group"));
        json_array_foreach(json_object_get(group, "machines"), j, machine)
            buf_printf(out, "    Machine %s%s\n", text_of(machine, "machine"),
                       json_is_true(json_object_get(machine, "joined")) ? "" : " (not joined)");
    }
}

static enum api_status list(struct shell *sh)
{
    json_t *result;
    struct buf text = {0};
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "cluster.list"), &result);
    if (status == API_DONE) {
        buf_printf(&text, "cluster = %s\n", text_of(result, "cluster"));
        put_groups(&text, json_object_get(result, "groups"));
        out_span(sh, buf_span(&text));
        out_value(sh, "cluster", json_incref(json_object_get(result, "cluster")));
        out_value(sh, "groups", json_incref(json_object_get(result, "groups")));
    }
    buf_free(&text);
    json_decref(result);
    return status;
}

static enum api_status batch_list(struct shell *sh, const struct call *call)
{
    (void)call;
    return list(sh);
}

/* ---- dialogues ---- */

/* Asks for one name or two; the second, when it may be missing, by an empty answer. */
static enum api_status ask(struct shell *sh, const char *operation, const char *first, const char *second)
{
    struct buf name = {0}, other = {0};
    enum ui_result result = ui_ask(sh, first, "", &name);
    if (result == UI_DONE && !name.len)
        result = UI_LEAVE;
    if (result == UI_DONE && second)
        result = ui_ask(sh, second, "", &other);
    enum api_status status = result == UI_DONE
                                 ? change(sh, operation, buf_text(&name), other.len ? buf_text(&other) : NULL)
                                 : ui_status(sh, result);
    buf_free(&name);
    buf_free(&other);
    return status;
}

#define ASK(id, operation, first, second)                                                                    \
    static enum api_status ask_##id(struct shell *sh, void *context)                                         \
    {                                                                                                        \
        (void)context;                                                                                       \
        return ask(sh, operation, first, second);                                                            \
    }
ASK(setname, "setname", "Enter the new name of the cluster:", NULL)
ASK(addgroup, "addgroup", "Enter the name of the new group:", NULL)
ASK(renamegroup, "renamegroup", "Enter the name of the group:", "Enter its new name:")
ASK(deletegroup, "deletegroup", "Enter the name of the group:", "Enter the group that its machines go to:")
ASK(setgroup, "setgroup", "Enter the name of the machine:", "Enter the group that it goes to:")
ASK(removemachine, "removemachine", "Enter the name of the machine:", NULL)
ASK(prepjoin, "prepjoin", "Enter the name of the machine that is to join:", "Enter its group:")

static enum api_status show_header(struct shell *sh, void *context)
{
    (void)context;
    out_text(sh, "\n");
    return list(sh);
}

static enum api_status ask_list(struct shell *sh, void *context)
{
    (void)context;
    return list(sh);
}

static const struct verb prepare_verbs[] = {
    {.word = "new",
     .text = "Name a machine that is to join, so that settings can be made for it.",
     .usage = "MACHINE [GROUP]",
     .least_args = 1,
     .most_args = 2,
     .batch = batch_prepare},
    {.word = "delete",
     .text = "Give that up.",
     .usage = "MACHINE",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_forget},
    {.word = NULL},
};

/* clang-format off */
#define CHANGE(word_, text_, usage_, least, most, ask_) \
    {.word = word_, .text = text_, .usage = usage_, .least_args = least, .most_args = most, .batch = batch_change, .dialogue = ask_}
#define NOT_YET(word_, text_, usage_, most, any) \
    {.word = word_, .text = text_, .usage = usage_, .most_args = most, .any_mode = any, .batch = batch_not_yet}
/* clang-format on */
static const struct verb verbs[] = {
    CHANGE("new", "Create a cluster from this machine; its settings become those of the cluster.", "NAME", 1,
           1, NULL),
    CHANGE("setname", "Rename the cluster.", "NAME", 1, 1, ask_setname),
    {.word = "list",
     .text = "Show groups and machines.",
     .any_mode = true,
     .batch = batch_list,
     .dialogue = ask_list},
    CHANGE("addgroup", "Add a group.", "NAME", 1, 1, ask_addgroup),
    CHANGE("renamegroup", "Rename a group.", "NAME NEW", 2, 2, ask_renamegroup),
    CHANGE("deletegroup", "Delete a group and its settings.", "NAME [NEWGROUP]", 1, 2, ask_deletegroup),
    CHANGE("setgroup", "Move a machine to another group.", "MACHINE GROUP", 2, 2, ask_setgroup),
    CHANGE("removemachine", "Remove a machine; this one keeps what is in force for it.", "MACHINE", 1, 1,
           ask_removemachine),
    {.word = "prepjoin",
     .text = "Prepare the coming of a machine.",
     .verbs = prepare_verbs,
     .dialogue = ask_prepjoin},
    NOT_YET("join", "Join the cluster of another machine (needs replication).", "HOST [WORD ...]", 4, true),
    NOT_YET("connstatus", "Show the connections (needs replication).", NULL, 0, true),
    NOT_YET("disconnect", "Detach a machine (needs replication).", "MACHINE", 1, true),
    NOT_YET("reconnect", "Attach it again (needs replication).", "MACHINE", 1, true),
    {.word = NULL},
};

static enum api_status begin_cluster(struct shell *sh)
{
    static const char *const texts[] = {"No, configure this machine as standalone.", "Create a new cluster.",
                                        "Join an existing cluster."};
    size_t choice = 0;
    enum ui_result result = ui_choose(sh, "Do you want to join or create a cluster?", texts, 3, &choice);
    if (result != UI_DONE || choice == 0)
        return ui_status(sh, result);
    return choice == 1 ? ask(sh, "new", "Enter the name of the new cluster:", NULL) : not_yet(sh);
}

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, show_header, NULL};
    enum api_status status = shell_mode(sh, NULL);
    if (status == API_DONE && !shell_cluster(sh)[0])
        status = begin_cluster(sh);
    return status == API_DONE && shell_cluster(sh)[0] ? ui_run(sh, &menu, NULL) : status;
}

const struct command command_clusterconfig = {
    .name = "clusterconfig",
    .summary = "configure the cluster: groups, and the machines in them",
    .flags = COMMAND_CLUSTER,
    .verbs = verbs,
    .dialogue = dialogue,
};
