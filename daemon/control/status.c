/* The methods `status` and `counters.reset`. */
#include "daemon/control/status.h"

#include <stdlib.h>

#include "config.h"
#include "daemon/control/audit.h"
#include "daemon/control/figures.h"
#include "daemon/control/head.h"
#include "daemon/control/session.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

struct asking {
    uint64_t session;
    struct figures_query *query;
};

static void on_cancel(void *context)
{
    struct asking *a = context;
    figures_forget(a->query);
    free(a);
}

static struct asking *begin(uint64_t session)
{
    struct asking *a = xcalloc(1, sizeof *a);
    a->session = session;
    session_begin_work(session, &(struct session_work){NULL, on_cancel, a});
    return a;
}

static json_t *system_json(void)
{
    int64_t started = role_daemon_started(), up = clock_wall_us() - started;
    return json_pack("{s:s,s:s,s:I,s:I,s:I}", "version", PACKAGE_VERSION, "hostname", head_hostname(),
                     "revision", (json_int_t)head_manifest()->revision, "started", (json_int_t)started,
                     "uptime", (json_int_t)(up > 0 ? up / 1000000 : 0));
}

static void tell_status(void *context, json_t *result, const char *missing)
{
    struct asking *a = context;
    json_object_del(result, "others");
    json_object_set_new(result, "system", system_json());
    if (missing)
        session_fail_with(a->session, API_ERROR_FAILED, json_pack("{s:O}", "result", result),
                          "no answer from these parts of the daemon: %s", missing);
    else
        session_done(a->session, json_incref(result));
    free(a);
}

void status_ask(uint64_t session, json_t *request)
{
    (void)request;
    struct asking *a = begin(session);
    a->query = figures_ask(FIGURES_QUEUE | FIGURES_LOG | FIGURES_SMTP | FIGURES_SPAMD, tell_status, a);
}

static void tell_reset(void *context, json_t *result, const char *missing)
{
    struct asking *a = context;
    const char *why = json_string_value(json_object_get(result, "refused"));
    if (missing)
        session_fail(a->session, API_ERROR_UNKNOWN_OUTCOME, "the log role did not answer");
    else if (why)
        session_fail(a->session, API_ERROR_FAILED, "%s", why);
    else
        session_done(a->session, NULL);
    free(a);
}

void status_reset(uint64_t session, json_t *request)
{
    (void)request;
    const struct session_info *info = session_info(session);
    struct asking *a = begin(session);
    audit_write(info->account.user, info->from, info->method, "", API_DONE);
    a->query = figures_reset(span_text(info->account.user), tell_reset, a);
}
