/* Lines that are alerts, on their way to control. */
#ifndef LOG_ALERT_H
#define LOG_ALERT_H

#include "daemon/log_lines.h"

/* The event of a line that was just logged. */
void alert_pass_on(enum log_line line, struct span event);
/* Control is there (again). */
void alert_control_up(void);

#endif
