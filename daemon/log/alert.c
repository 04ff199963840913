/* Alerts for control.  Its own death is one, too: while it is away a bounded amount waits here. */
#include "daemon/log/alert.h"

#include "daemon/alerts.h"
#include "daemon/protocol.h"
#include "daemon/role.h"

enum { KEPT_MAX = 64 * 1024 };

static struct buf kept; /* a row of spans */

void alert_pass_on(enum log_line line, struct span event)
{
    enum alert_class alert_class;
    enum alert_severity severity;
    if (!alert_of_line(line, &alert_class, &severity))
        return;
    const struct channel *control = role_peer(ROLE_CONTROL);
    if (control && channel_backlog(control) > KEPT_MAX)
        return; /* the line in the log has to do */
    if (!role_send(ROLE_CONTROL, MSG_ALERT, event, -1) && kept.len + event.n <= KEPT_MAX)
        wire_put_span(&kept, event);
}

void alert_control_up(void)
{
    struct wire_reader in = wire_reader_of(buf_span(&kept));
    while (in.rest.n)
        role_send(ROLE_CONTROL, MSG_ALERT, wire_get_span(&in), -1);
    buf_clear(&kept);
}
