/* Making the canned message and reading its verdict. */
#define _GNU_SOURCE /* memfd_create */
#include "daemon/scan/canned.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/protocol.h"
#include "engine/base/xalloc.h"
#include "engine/judge/resolve.h"

enum { TEST_SCORE = 100 };

/* Shorter than the least never-scan size. */
static const struct span headers = SPAN("From: <postmaster@localhost>\r\n"
                                        "Subject: =?utf-8?q?warm-up?=\r\n"
                                        "X-Advertisement: spam\r\n"
                                        "Content-Type: text/html; charset=iso-8859-1\r\n");
static const struct span body = SPAN("\r\n<p>Ready? <a href=\"http://localhost/\">Ready!</a></p>\r\n");
static const struct span address = SPAN("postmaster@localhost");

static const struct judge_policy *policy_of(const struct judge_runtime *rt)
{
    return &rt->policies[JUDGE_INCOMING];
}

static void put_message(struct buf *out, struct span hook)
{
    buf_append_span(out, headers);
    if (hook.n) {
        buf_append_span(out, hook);
        buf_append_span(out, SPAN("\r\n"));
    }
    buf_append_span(out, body);
}

static struct span test_hook(const struct judge_runtime *rt)
{
    struct span header = policy_of(rt)->positive.header;
    bool wanted = rt->test_hooks && span_starts_nocase(header, SPAN("X-Mailward-Test:"));
    return wanted ? header : (struct span){0};
}

void canned_warm_up(const struct judge_runtime *rt)
{
    struct buf message = {0};
    put_message(&message, (struct span){0});
    const struct judge_input input = {
        .message = buf_span(&message), .sender = address, .recipients = &address, .recipient_count = 1};
    struct arena *arena = arena_new();
    struct judge_result result;
    judge_message(rt, &input, NULL, arena, &result);
    arena_free(arena);
    buf_free(&message);
}

static int sealed_memfd(struct span text)
{
    int fd = memfd_create("mailward-canned", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (fd < 0)
        return -1;
    if (write(fd, text.p, text.n) == (ssize_t)text.n &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
        return fd;
    close(fd);
    return -1;
}

struct job *canned_job(const struct judge_runtime *rt, struct error *error)
{
    struct buf message = {0};
    put_message(&message, test_hook(rt));
    int fd = sealed_memfd(buf_span(&message));
    buf_free(&message);
    if (fd < 0) {
        error_set_errno(error, "the test message cannot be made");
        return NULL;
    }
    struct job *job = xcalloc(1, sizeof *job);
    job->fd = fd;
    scan_job_put(&job->envelope,
                 &(struct scan_job){.sender = address, .recipients = &address, .recipient_count = 1});
    return job;
}

static bool is_right(const struct judge_runtime *rt, const struct judge_child *child)
{
    const struct judge_policy *policy = policy_of(rt);
    if (!span_equal(child->policy, policy->name))
        return false;
    if (!judge_scanner_of(rt, policy))
        return child->verdict == JUDGE_OFF && child->action == JUDGE_DELIVER;
    struct judge_resolution wanted;
    judge_resolve(policy, JUDGE_POSITIVE, JUDGE_GRAYMAIL_NEGATIVE, &wanted);
    return child->verdict == JUDGE_POSITIVE && child->score == TEST_SCORE && child->action == wanted.action &&
           span_equal(child->host, wanted.host) && span_equal(child->recipient, wanted.recipient);
}

bool canned_check(const struct judge_runtime *rt, struct span answer, struct error *error)
{
    struct buf message = {0};
    put_message(&message, test_hook(rt));
    struct arena *arena = arena_new();
    struct judge_result result;
    bool right =
        judge_result_get(answer, message.len, 1, arena, &result) && is_right(rt, &result.children[0]);
    arena_free(arena);
    buf_free(&message);
    return right || error_set(error, "the test message was not judged as it must be");
}
