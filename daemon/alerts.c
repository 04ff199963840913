/* The table of alerts. */
#include "daemon/alerts.h"

static const struct {
    bool raises;
    enum alert_class alert_class;
} alerts[LINE_COUNT] = {
#define ALERT(line, class) [LINE_##line] = {true, ALERT_CLASS_##class},
#include "daemon/alerts.def"
#undef ALERT
};

bool alert_of_line(enum log_line line, enum alert_class *alert_class, enum alert_severity *severity)
{
    static const enum alert_severity severities[] = {
        [LOG_CRITICAL] = ALERT_CRITICAL, [LOG_WARNING] = ALERT_WARNING, [LOG_INFO] = ALERT_INFORMATION};
    if (line >= LINE_COUNT || !alerts[line].raises)
        return false;
    *alert_class = alerts[line].alert_class;
    *severity = severities[log_line_table[line].level];
    return true;
}

const char *alert_severity_name(enum alert_severity severity)
{
    static const char *const names[ALERT_SEVERITY_COUNT] = {"Critical", "Warning", "Information"};
    return names[severity];
}
