/* The level that this session acts at and the name of its gateway, as the daemon told them last. */
#include <stdio.h>
#include <string.h>

#include "commands/level_name.h"
#include "shell/state.h"

static void take(char *to, size_t size, const json_t *mode, const char *member)
{
    const char *text = json_string_value(json_object_get(mode, member));
    snprintf(to, size, "%s", text ? text : "");
}

void mode_take(struct shell *sh, const json_t *mode)
{
    take(sh->level, sizeof sh->level, mode, "level");
    take(sh->cluster, sizeof sh->cluster, mode, "cluster");
    if (json_object_get(mode, "hostname"))
        take(sh->hostname, sizeof sh->hostname, mode, "hostname");
}

const char *shell_level(const struct shell *sh)
{
    return sh->level;
}

const char *shell_cluster(const struct shell *sh)
{
    return sh->cluster;
}

enum api_status shell_mode(struct shell *sh, const char *level)
{
    json_t *mode, *request = json_pack("{s:s,s:s*}", "method", "config.mode", "level", level);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
    enum api_status status = shell_call(sh, request, &mode);
    if (status == API_DONE)
        mode_take(sh, mode);
    json_decref(mode);
    return status;
}

void mode_prompt(struct shell *sh, struct buf *prompt)
{
    if (!sh->cluster[0]) {
        buf_printf(prompt, "\n%s> ", shell_hostname(sh));
        return;
    }
    buf_printf(prompt, "\n(");
    level_put(prompt, sh->level, sh->cluster);
    buf_printf(prompt, ")> ");
}
