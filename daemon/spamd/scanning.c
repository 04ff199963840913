/* Three rows, each in the order of arrival: those held, those that wait, those in the scan role's hand.
 *
 * The scan role gets no more than keeps its workers busy; there they stand behind the mail of the gateway.
 */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "daemon/spamd/scanning.h"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/spamd/spamd.h"
#include "daemon/spamd/telling.h"

/* Memory for all messages; a single larger one is taken when there is no other. */
enum { MESSAGE_BYTES_MAX = 128 * 1024 * 1024, JOBS_PER_WORKER = 2 };

TAILQ_HEAD(row, client);
static struct row held = TAILQ_HEAD_INITIALIZER(held);
static struct row waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct row in_hand = TAILQ_HEAD_INITIALIZER(in_hand);
static uint64_t reserved;
static uint32_t jobs, jobs_most; /* in the scan role, also of clients that are gone */

/* ---- memory ---- */

static bool has_room(uint64_t bytes)
{
    return reserved == 0 || (bytes <= MESSAGE_BYTES_MAX && reserved <= MESSAGE_BYTES_MAX - bytes);
}

bool scanning_reserve(struct client *c, uint64_t bytes)
{
    c->reserved = bytes;
    if (TAILQ_EMPTY(&held) && has_room(bytes)) {
        reserved += bytes;
        return true;
    }
    TAILQ_INSERT_TAIL(&held, c, place);
    return false;
}

static void go_on_with_held(void)
{
    struct client *c;
    while ((c = TAILQ_FIRST(&held)) && has_room(c->reserved)) {
        TAILQ_REMOVE(&held, c, place);
        reserved += c->reserved;
        client_go_on(c);
    }
}

void scanning_release(struct client *c)
{
    if (c->message >= 0)
        close(c->message);
    c->message = -1;
    reserved -= c->reserved;
    c->reserved = 0;
    go_on_with_held();
}

/* ---- workers ---- */

/* One of several descriptors: an answer may need the message, too. */
static bool send_job(struct client *c)
{
    int fd = fcntl(c->message, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct scan_job job = {
        .mid = c->id, .score_only = true, .missing_features = spamd_service()->missing_features};
    struct buf body = {0};
    scan_job_put(&body, &job);
    role_send(ROLE_SCAN, MSG_SCAN_JOB, buf_span(&body), fd);
    buf_free(&body);
    return true;
}

static void dispatch(void)
{
    struct client *c;
    while (jobs < jobs_most && (c = TAILQ_FIRST(&waiting))) {
        if (!send_job(c)) {
            client_refuse(c, SPAMD_EX_TEMPFAIL, "there are no descriptors left");
            event_active(c->writable, EV_WRITE, 0); /* it may be in work just now */
            continue;
        }
        TAILQ_REMOVE(&waiting, c, place);
        TAILQ_INSERT_TAIL(&in_hand, c, place);
        c->state = CLIENT_SCANNING;
        jobs++;
    }
}

void scanning_submit(struct client *c)
{
    TAILQ_INSERT_TAIL(&waiting, c, place);
    dispatch();
}

void scanning_leave(struct client *c)
{
    if (c->state == CLIENT_HELD) {
        TAILQ_REMOVE(&held, c, place);
        c->reserved = 0; /* it had none yet */
    } else if (c->state == CLIENT_WAITING) {
        TAILQ_REMOVE(&waiting, c, place);
    } else if (c->state == CLIENT_SCANNING) {
        TAILQ_REMOVE(&in_hand, c, place);
    } else if (c->state == CLIENT_TELLING) {
        telling_leave(c);
    }
}

void scanning_hello(struct wire_reader *in)
{
    uint32_t workers = wire_get_u32(in);
    if (wire_get_u32(in) != 0 || !wire_reader_done(in)) {
        in->failed = true;
        return;
    }
    jobs = 0;
    jobs_most = workers < UINT16_MAX ? workers * JOBS_PER_WORKER : UINT16_MAX;
    dispatch();
}

void scanning_scan_gone(void)
{
    struct client *c;
    jobs = jobs_most = 0;
    while ((c = TAILQ_LAST(&in_hand, row))) {
        TAILQ_REMOVE(&in_hand, c, place);
        TAILQ_INSERT_HEAD(&waiting, c, place);
        c->state = CLIENT_WAITING;
    }
}

/* The client of an answer; NULL: it did not wait so long. */
static struct client *take_back(struct wire_reader *in)
{
    uint64_t id = wire_get_u64(in);
    struct client *c;
    in->failed |= jobs == 0;
    if (in->failed)
        return NULL;
    jobs--;
    TAILQ_FOREACH (c, &in_hand, place)
        if (c->id == id)
            return c;
    return NULL;
}

void scanning_result(struct wire_reader *in)
{
    struct client *c = take_back(in);
    uint64_t revision = wire_get_u64(in);
    wire_get_span(in); /* versions: nothing is stored of it */
    struct span wire = wire_get_span(in);
    if (!wire_reader_done(in))
        return;
    if (c) {
        struct arena *arena = arena_new();
        struct judge_result result;
        scanning_leave(c);
        c->state = CLIENT_ANSWER;
        if (judge_result_get(wire, c->received, 0, arena, &result))
            request_take_result(c, &result.children[0], revision);
        else
            client_refuse(c, SPAMD_EX_SOFTWARE, "the answer of the worker cannot be read");
        arena_free(arena);
        client_settle(c);
    }
    dispatch();
}

void scanning_crash(struct wire_reader *in)
{
    struct client *c = take_back(in);
    struct span stage = wire_get_span(in), cause = wire_get_span(in);
    if (!wire_reader_done(in))
        return;
    if (c) {
        LOG(SPAMD_CRASH, LOG_T(c->address), LOG_S(cause), LOG_S(stage));
        client_refuse(c, SPAMD_EX_SOFTWARE, "the message killed the worker that scanned it");
        client_settle(c);
    }
    dispatch();
}
