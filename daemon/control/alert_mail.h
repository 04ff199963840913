/* The mail of an alert, and when one that comes again is sent again.  Pure: no clock, no store. */
#ifndef CONTROL_ALERT_MAIL_H
#define CONTROL_ALERT_MAIL_H

#include "daemon/control/store_alert.h"
#include "engine/base/buf.h"

struct alert_mail {
    const struct stored_alert *alert;
    struct span hostname;
    struct span from; /* of the table addresses */
    int64_t now;      /* wall, microseconds */
};

/* Appends "Critical-mx.example.com: (System) role smtp ...": printable US-ASCII, cut to a line. */
void alert_subject_put(struct buf *out, const struct alert_mail *mail);
/* Appends the whole message (RFC 5322, UTF-8), lines with CRLF.  The Message-ID is the same at each try. */
void alert_mail_put(struct buf *out, const struct alert_mail *mail);

/* The settings of how often. */
struct alert_pace {
    int64_t repeat, repeat_most; /* seconds */
};
/* Whether an alert at `now` is sent, when the latest of its kind was this one (NULL: none): -1 when it is not, else the
 * time (seconds) in which the next one will not be.  That doubles until there was a calm of repeat_most. */
int64_t alert_wait(const struct stored_alert *latest, int64_t now, const struct alert_pace *pace);

#endif
