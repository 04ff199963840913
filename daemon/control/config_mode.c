/* The mode of a session: the level that its methods of configuration act at.  A session begins in the mode of this machine. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/config/cluster.h"

struct config_place config_place_of(uint64_t session)
{
    const struct session_info *info = session_info(session);
    return info->level[0] ? (struct config_place){info->level} : *head_place();
}

/* The level may have gone since: then the session is where it began. */
static void leave_missing_level(struct session_info *info)
{
    if (info->level[0] && !config_level_exists(head_tree(), info->level))
        info->level[0] = '\0';
}

static json_t *mode_json(const char *level)
{
    struct span cluster = config_cluster_name(head_tree());
    return json_pack("{s:s,s:o,s:s}", "level", level, "cluster",
                     json_stringn(cluster.n ? cluster.p : "", cluster.n), "hostname", head_hostname());
}

json_t *config_mode_json(struct session_info *info)
{
    leave_missing_level(info);
    info->told_gone = false;
    struct span cluster = config_cluster_name(head_tree());
    snprintf(info->cluster, sizeof info->cluster, "%.*s", (int)cluster.n, cluster.n ? cluster.p : "");
    snprintf(info->hostname, sizeof info->hostname, "%s", head_hostname());
    return mode_json(config_place_of(info->id).level);
}

/* ---- when the cluster or the host name changes ---- */

static void put_level(struct buf *text, const char *level)
{
    const char *name = strchr(level, '/');
    buf_printf(text, "the %.*s%s%s", (int)strcspn(level, "/"), level, name ? " " : "", name ? name + 1 : "");
}

/* What became of its level, and of changes that it has at one that is gone. */
static void tell_gone(struct session_info *s, bool gone, const char *lost)
{
    struct buf text = {0};
    if (gone) {
        put_level(&text, s->level);
        buf_printf(&text, " does not exist any more: this session goes on in the mode of ");
        put_level(&text, head_place()->level);
        buf_printf(&text, ".%s", lost ? " " : "");
    }
    if (lost) {
        buf_printf(&text, "Uncommitted changes at ");
        put_level(&text, lost);
        buf_printf(&text, " cannot be committed any more: \"commit rebase keep theirs\" drops them, "
                          "\"clearchanges\" drops all changes.");
    }
    if (text.len)
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
    session_news(s->id, text.len ? buf_text(&text) : NULL, NULL);
    buf_free(&text);
}

/* Its level is left only when the shell asks for the mode: until then what was typed for it is refused, and not done
 * elsewhere. */
static void tell_mode(struct session_info *s)
{
    bool gone = s->level[0] && !config_level_exists(head_tree(), s->level);
    const char *lost =
        s->config.begun ? config_candidate_lost_level(&s->config.candidate, head_tree()) : NULL;
    if (gone || !span_equal(span_text(s->cluster), config_cluster_name(head_tree())) ||
        strcmp(s->hostname, head_hostname()) != 0)
        session_news(s->id, NULL, mode_json(gone ? head_place()->level : config_place_of(s->id).level));
    if ((gone && !s->told_gone) || (lost && !s->told_lost))
        tell_gone(s, gone && !s->told_gone, lost && !s->told_lost ? lost : NULL);
    s->told_gone = gone;
    s->told_lost = lost != NULL;
}

void config_mode_tell_all(void)
{
    for (const struct session_info *s = session_next(NULL); s; s = session_next(s))
        tell_mode(session_info(s->id));
}

bool config_check_level(uint64_t session, const char *level)
{
    if (!config_cluster_name(head_tree()).n)
        session_fail(session, API_ERROR_NOT_CLUSTERED, "clustermode");
    else if (strlen(level) > SESSION_LEVEL_MAX || !config_level_exists(head_tree(), level))
        session_fail(session, API_ERROR_NOT_FOUND, "the level %s", level);
    else
        return true;
    return false;
}

void config_mode(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    const char *level = member_text(request, "level");
    if (level && strcmp(level, "machine") == 0)
        level = head_place()->level; /* this one, whatever it is called */
    if (level) {
        if (!config_check_level(session, level))
            return;
        bool is_own = strcmp(level, head_place()->level) == 0;
        snprintf(info->level, sizeof info->level, "%s", is_own ? "" : level);
    }
    session_done(session, config_mode_json(info));
}

bool config_is_level_too_low(const struct config_place *place, const struct schema_table *table)
{
    return table->for_cluster && config_cluster_name(head_tree()).n &&
           strcmp(place->level, CONFIG_CLUSTER) != 0;
}

/* ---- what a mode restricts ---- */

/* Methods that are about this machine and its mail, not about the configuration. */
static bool is_of_this_machine(const char *method)
{
    static const char *const names[] = {"alerts", "counters.reset", "grep", "hosts", "log.rollover", "rate",
                                        "status", "suspend",        "tail", "who",   "workqueue"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], method) == 0)
            return true;
    return strncmp(method, "queue.", 6) == 0 || strncmp(method, "feature.", 8) == 0 ||
           strncmp(method, "update.", 7) == 0 || strncmp(method, "quarantine.", 11) == 0 ||
           strncmp(method, "learning.", 9) == 0;
}

bool config_mode_allows(struct session_info *info, const char *method)
{
    if (!info->level[0])
        return true;
    if (strncmp(method, "config.", 7) == 0 && strcmp(method, "config.mode") != 0 &&
        !config_level_exists(head_tree(), info->level)) {
        session_fail(info->id, API_ERROR_WRONG_STATE,
                     "%s does not exist any more; choose a mode by clustermode", info->level);
        return false;
    }
    if (!is_of_this_machine(method))
        return true;
    if (strncmp(info->level, CONFIG_MACHINE, strlen(CONFIG_MACHINE)) == 0)
        session_fail(info->id, API_ERROR_REFUSED,
                     "This command acts on the machine that you are logged in to: clustermode machine %s",
                     head_place()->level + strlen(CONFIG_MACHINE));
    else
        session_fail(info->id, API_ERROR_RESTRICTED, "machine");
    return false;
}
