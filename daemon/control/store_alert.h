/* config/alerts.db: the latest alerts and what became of them, and which certificates were told about.
 *
 * It outlives every kill of control; a power cut may take the last moments (synchronous=NORMAL), as an alert of before it
 * tells nobody much.
 */
#ifndef CONTROL_STORE_ALERT_H
#define CONTROL_STORE_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/alerts.h"
#include "engine/base/error.h"

enum {
    ALERTS_KEPT = 1000,
    CERTIFICATES_TOLD = 10000,
};

/* Stored: numbers never change. */
enum alert_state {
    ALERT_WAITS = 0,      /* for the queue */
    ALERT_SENT = 1,       /* given to the queue as a message */
    ALERT_UNWANTED = 2,   /* nobody is to get it */
    ALERT_OVER_LIMIT = 3, /* too many within an hour */
    ALERT_REFUSED = 4,    /* the queue will never take it */
    ALERT_STATE_COUNT
};

struct stored_alert {
    int64_t id;
    int64_t time; /* wall, microseconds */
    int64_t last; /* when it came again without being sent again, the latest */
    int64_t repeats;
    enum alert_severity severity;
    enum alert_class alert_class;
    struct span kind; /* log_event_kind() */
    struct span text;
    int64_t wait; /* seconds after time in which it is not sent again */
    int64_t more; /* how often it came since it was sent before */
    enum alert_state state;
    struct span recipients; /* addresses with ", " between them */
    uint64_t mid;           /* of the message; 0: none */
};

/* Opens or makes the file; a newer format is refused. */
bool store_alert_open(const char *path, struct error *error);
bool store_alert_is_open(void);
void store_alert_close(void);

/* id, last, repeats and mid count for nothing.  Forgets all but the newest ALERTS_KEPT and, of those that
 * wait, the newest ALERTS_KEPT. */
bool store_alert_add(const struct stored_alert *alert, struct error *error);
bool store_alert_repeat(int64_t id, int64_t time, struct error *error);
/* It waits no longer; mid 0: it is no message. */
bool store_alert_settle(int64_t id, enum alert_state state, uint64_t mid, struct error *error);

/* Texts of what is found are valid during the call. */
typedef void store_alert_visit(void *context, const struct stored_alert *alert);
/* The newest of a kind; visit is not called when there is none. */
bool store_alert_latest(struct span kind, store_alert_visit *visit, void *context, struct error *error);
/* The oldest that waits. */
bool store_alert_waiting(store_alert_visit *visit, void *context, struct error *error);
/* The newest `limit`, oldest of them first. */
bool store_alert_each(unsigned limit, store_alert_visit *visit, void *context, struct error *error);
/* How many of this time were sent or wait. */
bool store_alert_mailed(int64_t since, int64_t until, int64_t *count, struct error *error);

/* The fewest days before its expiry at which was told of a certificate; -1: never yet. */
bool store_alert_told(struct span certificate, int64_t *days, struct error *error);
bool store_alert_set_told(struct span certificate, int64_t days, int64_t time, struct error *error);

#endif
