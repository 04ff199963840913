/* Named points at which a test can have a role killed.
 *
 * A private instance maps a page of its state folder (run/clock) into all roles; a test writes the name of a point
 * there.  The first role that comes by clears the name and dies by SIGKILL, so a restarted one passes.
 */
#ifndef DAEMON_FAILPOINT_H
#define DAEMON_FAILPOINT_H

#include <stdint.h>

/* Layout of run/clock. */
struct test_page {
    int64_t clock_offset;
    char failpoint[56]; /* NUL-terminated; written last byte first by tests, in one write() in practice */
};

void failpoint_use(struct test_page *page);
/* Dies here when a test asked for it. */
void failpoint(const char *name);

#endif
