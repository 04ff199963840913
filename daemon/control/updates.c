/* When updates are looked for, and what administrators are told of them. */
#include "daemon/control/updates.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/control/trusted_keys.h"
#include "daemon/control/update_doubts.h"
#include "daemon/control/update_files.h"
#include "daemon/control/update_run.h"
#include "daemon/control/update_trial.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "engine/base/clock.h"

enum { ALL_ENGINES = (1u << PACKAGE_ENGINE_COUNT) - 1, FAILING_HOURS = 24 };
#define HOUR_US (3600 * INT64_C(1000000))

static struct event *tick;
static struct update_wish wished;     /* what was asked for while a run was under way */
static struct update_trouble trouble; /* of the last run that looked for it */
static int64_t failing_since;         /* wall; 0: the last run was good */
static bool told;

static const struct schema_row *settings_of(enum schema_table_id table)
{
    return config_table_single(config_resolve(head_tree(), head_place(), table, NULL));
}

static const struct schema_row *settings(void)
{
    return settings_of(SCHEMA_UPDATES);
}

static bool has_server(void)
{
    return schema_row_text(settings(), UPDATES_SERVER).n > 0;
}

/* What a run did not look at is as the one before found it. */
static void keep_trouble(unsigned engines, const struct update_trouble *found)
{
    trouble.server = found->server;
    for (int i = 0; i < PACKAGE_ENGINE_COUNT; i++)
        if (engines & 1u << i && !found->server.text[0])
            trouble.packages[i] = found->packages[i];
}

/* "" for none. */
static const char *trouble_with(unsigned engines, const struct update_trouble *t)
{
    if (t->server.text[0])
        return t->server.text;
    for (int i = 0; i < PACKAGE_ENGINE_COUNT; i++)
        if (engines & 1u << i && t->packages[i].text[0])
            return t->packages[i].text;
    return "";
}

/* An update that is refused once is no reason for an alert about all of them; a day of failures is. */
static void judge_run(const char *why)
{
    int64_t now = clock_wall_us();
    if (!why[0] && told)
        LOG(UPDATES_GOOD);
    if (!why[0]) {
        failing_since = 0;
        told = false;
        return;
    }
    if (!failing_since || failing_since > now)
        failing_since = now;
    if (!told && now - failing_since >= FAILING_HOURS * HOUR_US) {
        LOG(UPDATES_FAIL, LOG_U((uint64_t)((now - failing_since) / HOUR_US)), LOG_T(why));
        told = true;
    }
}

static void on_done(unsigned engines, const struct update_trouble *found)
{
    struct update_wish next = wished;
    wished = (struct update_wish){0};
    keep_trouble(engines, found);
    judge_run(trouble_with(engines, found));
    if (next.engines)
        update_run_begin(&next, on_done);
}

static void wish(unsigned engines, bool force)
{
    const struct update_wish now = {engines, force};
    if (update_run_begin(&now, on_done))
        return;
    wished.engines |= engines;
    wished.force = wished.force || force;
}

static bool is_due(void)
{
    int64_t now = clock_wall_us(), last = update_files_attempted();
    int64_t interval = schema_row_number(settings(), UPDATES_INTERVAL) * 1000000;
    return has_server() && schema_row_number(settings(), UPDATES_AUTOMATIC) && !update_run_is_under_way() &&
           (last == 0 || now < last || now >= last + interval);
}

/* Those that nobody need ask for: graymail has a switch of its own. */
static unsigned automatic_engines(void)
{
    unsigned graymail = schema_row_number(settings_of(SCHEMA_GRAYMAIL), GRAYMAIL_AUTO_UPDATE) != 0;
    return 1u << PACKAGE_ANTISPAM | graymail << PACKAGE_GRAYMAIL;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (is_due() && role_peer(ROLE_FETCH) && role_peer(ROLE_SCAN))
        wish(automatic_engines(), false);
}

void updates_start(void)
{
    const struct timeval second = {.tv_sec = 1};
    update_files_start();
    update_doubts_start();
    tick = event_new(role_base(), -1, EV_PERSIST, on_tick, NULL);
    event_add(tick, &second);
}

void updates_peer_up(enum role_id peer)
{
    if (peer == ROLE_SCAN)
        update_trial_scan_up();
}

void updates_peer_down(enum role_id peer)
{
    if (peer == ROLE_FETCH)
        update_run_fetch_down();
    else if (peer == ROLE_SCAN)
        update_trial_scan_down();
}

bool updates_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    bool fetched = peer == ROLE_FETCH && type == MSG_FETCHED;
    bool tried = peer == ROLE_SCAN && type == MSG_ENGINE_TRIED;
    if (fetched)
        update_run_fetched(in, fd);
    else if (tried)
        update_trial_answered(in);
    else
        return false;
    if (fd >= 0)
        close(fd);
    return true;
}

/* ---- methods ---- */

/* A bit set, 0 when the word is none. */
static unsigned engines_of(const char *word)
{
    static const char *const words[PACKAGE_ENGINE_COUNT] = {"antispam", "graymail"};
    if (strcmp(word, "all") == 0)
        return ALL_ENGINES;
    for (int i = 0; i < PACKAGE_ENGINE_COUNT; i++)
        if (strcmp(word, words[i]) == 0)
            return 1u << i;
    return 0;
}

static unsigned engines_asked(uint64_t session, const json_t *request)
{
    const char *word = member_text(request, "engine");
    unsigned engines = engines_of(word);
    if (!engines)
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the engine is antispam, graymail or all, not '%s'", word);
    return engines;
}

void updates_call_start(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    bool force = json_is_true(json_object_get(request, "force"));
    unsigned engines = engines_asked(session, request);
    if (!engines)
        return;
    if (!has_server()) {
        session_fail(session, API_ERROR_WRONG_STATE, "there is no update server; set one by updateconfig");
        return;
    }
    wish(engines, force);
    audit_write(info->account.user, info->from, "update.start", member_text(request, "engine"), API_DONE);
    session_done(session, NULL);
}

static json_t *component_json(enum package_component component)
{
    const struct package_component_row *row = &package_components[component];
    struct update_file file = update_files_get(component);
    bool unused = update_trial_unusable()[0] && file.file.n;
    json_t *object = json_pack("{s:s,s:s,s:I}", "component", row->title, "package", row->name, "version",
                               (json_int_t)(unused ? row->shipped_version : file.version));
    if (file.time && file.file.n)
        json_object_set_new(object, "updated", json_integer(file.time));
    return object;
}

/* The gravest first; "" for none. */
static const char *trouble_now(unsigned engines)
{
    if (update_trial_unusable()[0])
        return update_trial_unusable();
    if (trusted_keys_trouble()[0])
        return trusted_keys_trouble();
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++) {
        const char *unused = update_files_get((enum package_component)i).unused;
        if (engines & 1u << package_components[i].engine && unused[0])
            return unused;
    }
    return trouble_with(engines, &trouble);
}

void updates_call_status(uint64_t session, json_t *request)
{
    unsigned engines = engines_asked(session, request);
    if (!engines)
        return;
    json_t *rows = json_array();
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        if (engines & 1u << package_components[i].engine)
            json_array_append_new(rows, component_json((enum package_component)i));
    const char *why = trouble_now(engines);
    json_t *result = json_pack("{s:o,s:s,s:b,s:b,s:I}", "components", rows, "program", PACKAGE_VERSION,
                               "server", has_server(), "under_way", update_run_is_under_way(), "attempted",
                               (json_int_t)update_files_attempted());
    if (why[0])
        json_object_set_new(result, "trouble", json_string(why));
    session_done(session, result);
}
