/* Free space on the spool: 452 below the reserve, and a ballast that is given up so that work in hand can end. */
#define _GNU_SOURCE /* posix_fallocate, O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"

static const char ballast_path[] = "queue/ballast";

void space_tell_smtp(struct queue *q)
{
    struct buf body = {0};
    wire_put_u8(&body, !q->space.low);
    role_send(ROLE_SMTP, MSG_SPACE, buf_span(&body), -1);
    buf_free(&body);
}

static void set_low(struct queue *q, bool low)
{
    if (low == q->space.low)
        return;
    q->space.low = low;
    if (low)
        LOG(SPACE_LOW, LOG_U(q->space.free_bytes), LOG_U((uint64_t)q->settings->spool_reserve));
    else
        LOG(SPACE_GOOD, LOG_U(q->space.free_bytes));
    space_tell_smtp(q);
}

static bool make_ballast(int64_t bytes)
{
    int fd = open(ballast_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = posix_fallocate(fd, 0, bytes) == 0;
    if (!good)
        unlink(ballast_path);
    close(fd);
    return good;
}

static void measure(struct queue *q)
{
    struct statvfs st;
    if (statvfs("queue", &st) == 0)
        q->space.free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
}

void space_tick(struct queue *q)
{
    uint64_t reserve = (uint64_t)q->settings->spool_reserve, ballast = (uint64_t)q->settings->spool_ballast;
    measure(q);
    /* The ballast comes back before mail does, so that a disk at the mark does not go back and forth. */
    if (!q->space.has_ballast && q->space.free_bytes > reserve + ballast) {
        q->space.has_ballast = make_ballast((int64_t)ballast);
        measure(q);
    }
    if (q->space.free_bytes < reserve)
        set_low(q, true);
    else if (q->space.has_ballast && q->space.free_bytes > reserve + ballast)
        set_low(q, false);
}

void space_exhausted(struct queue *q)
{
    unlink(ballast_path);
    q->space.has_ballast = false;
    measure(q);
    set_low(q, true);
}
