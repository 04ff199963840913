/* Which log lines are alerts.
 *
 * The log role passes them on to control as they are (MSG_ALERT); control keeps them and sends mail.  What goes wrong with
 * an alert itself is told by lines that are none: an alert never raises an alert.
 */
#ifndef DAEMON_ALERTS_H
#define DAEMON_ALERTS_H

#include "daemon/log_lines.h"
#include "engine/schema/schema.h"

/* False when the line raises no alert. */
bool alert_of_line(enum log_line line, enum alert_class *alert_class, enum alert_severity *severity);
/* "Critical" */
const char *alert_severity_name(enum alert_severity severity);

#endif
