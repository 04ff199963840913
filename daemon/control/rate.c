/* The method `rate`: one row every so many seconds, until it is cancelled or there were enough. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control/figures.h"
#include "daemon/control/session.h"
#include "daemon/control/status.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

/* What a row has: the number itself, or what it has grown by since the row before. */
struct column {
    const char *section, *from; /* where the roles tell it */
    const char *member;         /* of a counter; NULL */
    const char *key;
    bool grown;
};

static const struct subject {
    const char *name;
    unsigned roles;
    struct column columns[6];
} subjects[] = {
    {"workqueue",
     FIGURES_QUEUE,
     {{"gauges", "messages_waiting_scan", NULL, "pending", false},
      {"others", "workqueue_in", NULL, "in", true},
      {"others", "workqueue_out", NULL, "out", true}}},
    {"mail",
     FIGURES_QUEUE | FIGURES_LOG | FIGURES_SMTP,
     {{"gauges", "connections_in", NULL, "connections_in", false},
      {"gauges", "connections_out", NULL, "connections_out", false},
      {"counters", "recipients_received", "lifetime", "recipients_received", true},
      {"counters", "recipients_completed", "lifetime", "recipients_completed", true},
      {"gauges", "recipients_active", NULL, "recipients_active", false},
      {"gauges", "recipients_delayed", NULL, "recipients_delayed", false}}},
};
enum { SUBJECTS = sizeof subjects / sizeof subjects[0], COLUMNS_MOST = 6 };

struct watch {
    uint64_t session;
    const struct subject *subject;
    struct figures_query *query; /* that is open; NULL: none */
    struct event *timer;
    struct timeval interval;
    json_int_t left; /* rows; 0: without an end */
    bool has_before; /* the first answer is only what the first row is compared with */
    json_int_t before[COLUMNS_MOST];
};

static void free_watch(struct watch *w)
{
    if (w->query)
        figures_forget(w->query);
    event_free(w->timer);
    free(w);
}

static void on_cancel(void *context)
{
    free_watch(context);
}

static json_int_t value_of(const struct column *column, const json_t *figures)
{
    const json_t *value = json_object_get(json_object_get(figures, column->section), column->from);
    return json_integer_value(column->member ? json_object_get(value, column->member) : value);
}

/* A role that was started anew counts from 0. */
static json_int_t growth(json_int_t before, json_int_t now)
{
    return now > before ? now - before : 0;
}

static json_t *take_row(struct watch *w, const json_t *figures)
{
    json_t *row = json_pack("{s:I}", "time", (json_int_t)clock_wall_us());
    for (int i = 0; i < COLUMNS_MOST && w->subject->columns[i].key; i++) {
        const struct column *c = &w->subject->columns[i];
        json_int_t now = value_of(c, figures);
        json_object_set_new(row, c->key, json_integer(c->grown ? growth(w->before[i], now) : now));
        w->before[i] = now;
    }
    return row;
}

static void on_figures(void *context, json_t *result, const char *missing)
{
    struct watch *w = context;
    w->query = NULL; /* ends with this call */
    if (missing) {
        session_fail(w->session, API_ERROR_FAILED, "no answer from these parts of the daemon: %s", missing);
        free_watch(w);
        return;
    }
    json_t *row = take_row(w, result);
    /* A shell that does not read has no need of more rows. */
    if (w->has_before && !session_is_full(w->session))
        session_rows(w->session, json_pack("[O]", row));
    json_decref(row);
    if (w->has_before && w->left && --w->left == 0) {
        session_done(w->session, NULL);
        free_watch(w);
        return;
    }
    w->has_before = true;
}

/* Times are kept however long an answer takes; one that takes longer than the interval makes a longer one. */
static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct watch *w = context;
    if (!w->query)
        w->query = figures_ask(w->subject->roles, on_figures, w);
}

void rate_call(uint64_t session, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "what"));
    const struct subject *subject = subjects;
    while (subject < subjects + SUBJECTS && strcmp(subject->name, name) != 0)
        subject++;
    if (subject == subjects + SUBJECTS) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "there are rates of workqueue and mail, not of '%s'", name);
        return;
    }
    struct watch *w = xcalloc(1, sizeof *w);
    w->session = session;
    w->subject = subject;
    w->interval.tv_sec = (time_t)json_integer_value(json_object_get(request, "interval"));
    w->left = json_integer_value(json_object_get(request, "count"));
    w->timer = event_new(role_base(), -1, EV_PERSIST, on_timer, w);
    event_add(w->timer, &w->interval);
    session_begin_work(session, &(struct session_work){NULL, on_cancel, w});
    w->query = figures_ask(w->subject->roles, on_figures, w);
}
