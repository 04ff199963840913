/* The method `alerts`: the latest alerts and what became of their mail. */
#include "daemon/control/alerts.h"
#include "daemon/control/session.h"
#include "daemon/control/store_alert.h"

enum { ALERTS_DEFAULT = 10 };

static const char *const states[] = {[ALERT_WAITS] = "waits",
                                     [ALERT_SENT] = "sent",
                                     [ALERT_UNWANTED] = "no-recipient",
                                     [ALERT_OVER_LIMIT] = "over-limit",
                                     [ALERT_REFUSED] = "refused"};

static json_t *text_json(struct span text)
{
    return json_stringn(text.n ? text.p : "", text.n);
}

static void add_row(void *context, const struct stored_alert *a)
{
    uint64_t session = *(const uint64_t *)context;
    json_t *row =
        json_pack("{s:I,s:s,s:s,s:o*,s:s,s:o*,s:I,s:I}", "time", (json_int_t)a->time, "severity",
                  alert_severity_name(a->severity), "class", schema_alert_class_name(a->alert_class), "text",
                  text_json(a->text), "state", states[a->state], "recipients", text_json(a->recipients),
                  "repeats", (json_int_t)a->repeats, "last", (json_int_t)a->last);
    if (a->mid)
        json_object_set_new(row, "mid", json_integer((json_int_t)a->mid));
    if (a->state == ALERT_WAITS)
        json_object_set_new(row, "why", json_string(alerts_obstacle()));
    session_rows(session, json_pack("[o]", row));
}

void alerts_list(uint64_t session, json_t *request)
{
    const json_t *limit = json_object_get(request, "limit");
    unsigned count = limit ? (unsigned)json_integer_value(limit) : ALERTS_DEFAULT;
    struct error error;
    if (!store_alert_is_open())
        session_fail(session, API_ERROR_FAILED, "config/alerts.db cannot be opened; the log says why");
    else if (store_alert_each(count, add_row, &session, &error))
        session_done(session, NULL);
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
}
