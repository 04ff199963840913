/* Named points at which a test can have a role killed.
 *
 * A private instance maps a page of its state folder (run/clock) into all roles; a test writes the name of a point
 * there.  The first role that comes by clears the name and dies by SIGKILL, so a restarted one passes.
 *
 * In the order of a commit: control.before-prepare, ROLE.prepare, ROLE.prepared, control.prepared,
 * control.before-transaction, control.after-transaction, control.before-head, ROLE.before-apply, ROLE.after-apply;
 * ROLE is log, queue, scan or smtp.
 * In a change of mail by an administrator: queue.change-written, queue.change-committed.
 * When a copy for an alternate recipient takes a message's place: queue.rewrite-written, queue.rewrite-committed.
 * When an update is installed: control.manifest-begun, control.manifest-written (and on disk), control.manifest-renamed,
 * the same three with package, control.package-installed.
 * When the queue takes mail of control: queue.notice-written, queue.notice-committed.
 */
#ifndef DAEMON_FAILPOINT_H
#define DAEMON_FAILPOINT_H

#include <stdint.h>

/* Layout of run/clock. */
struct test_page {
    int64_t wall_offset;
    char failpoint[56];  /* NUL-terminated; a test writes all of it in one write() */
    int64_t mono_offset; /* idle sessions are judged by it; timers of the loop are not moved */
};

void failpoint_use(struct test_page *page);
/* Dies here when a test asked for it. */
void failpoint(const char *name);

#endif
