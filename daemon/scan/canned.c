/* Making the canned messages and reading their verdicts. */
#define _GNU_SOURCE /* memfd_create */
#include "daemon/scan/canned.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/protocol.h"
#include "engine/base/xalloc.h"
#include "engine/judge/resolve.h"

enum { TEST_SCORE = 100, LONG_BYTES = 48 * 1024, LONG_LINE_WORDS = 12 };
#define LONG_CPU_SECONDS                                                                                     \
    0.1 /* half of what any message has (judge_runtime_defaults()); the shipped rules take a hundredth */

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

/* The same one each time: words by a linear congruential generator, with a link and a number in each line. */
static void put_long(struct buf *out)
{
    static const char *const words[] = {
        "the",    "people", "of",   "our",      "Town", "have", "made",   "a",      "new",   "and",  "very",
        "useful", "plan",   "for",  "their",    "old",  "road", "which",  "should", "be",    "open", "again",
        "before", "Summer", "when", "visitors", "come", "to",   "see,",   "as",     "every", "year", "we",
        "write",  "you",    "this", "letter.",  "With", "many", "thanks", "from",   "all",   "here", "today",
    };
    uint32_t state = 1;
    buf_append_span(out, SPAN("From: <postmaster@localhost>\r\nSubject: The plan for this year\r\n"
                              "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>\r\n"));
    while (out->len < LONG_BYTES) {
        buf_append_span(out, SPAN("<p>"));
        for (int i = 0; i < LONG_LINE_WORDS; i++) {
            state = state * 1664525 + 1013904223;
            buf_printf(out, "%s ", words[(state >> 16) % (sizeof words / sizeof words[0])]);
        }
        buf_printf(out, "<a href=\"http://localhost/%u\">page</a> %u.50</p>\r\n", (unsigned)(state >> 20),
                   (unsigned)(state >> 24));
    }
    buf_append_span(out, SPAN("</body></html>\r\n"));
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

static void put_canned(const struct judge_runtime *rt, enum canned_kind kind, struct buf *out)
{
    if (kind == CANNED_LONG)
        put_long(out);
    else
        put_message(out, test_hook(rt));
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

struct job *canned_job(const struct judge_runtime *rt, enum canned_kind kind, struct error *error)
{
    struct buf message = {0};
    put_canned(rt, kind, &message);
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

/* Not child->partial: of how much is looked at, the administrator decides. */
static bool is_quick(const struct judge_child *child, double cpu, struct error *error)
{
    if (child->limited_rule.n)
        return error_set(error, "the rules take too long on the test message: %.*s meets a match limit",
                         (int)child->limited_rule.n, child->limited_rule.p);
    return cpu <= LONG_CPU_SECONDS ||
           error_set(error,
                     "the rules take too long on the test message: %.2f s of CPU for %d KiB, at most %.2f",
                     cpu, LONG_BYTES / 1024, LONG_CPU_SECONDS);
}

bool canned_check(const struct judge_runtime *rt, enum canned_kind kind, struct span answer, double cpu,
                  struct error *error)
{
    struct buf message = {0};
    put_canned(rt, kind, &message);
    struct arena *arena = arena_new();
    struct judge_result result;
    bool good = judge_result_get(answer, message.len, 1, arena, &result) &&
                (kind == CANNED_LONG || is_right(rt, &result.children[0]));
    if (!good)
        error_set(error, "the test message was not judged as it must be");
    else if (kind == CANNED_LONG)
        good = is_quick(&result.children[0], cpu, error);
    arena_free(arena);
    buf_free(&message);
    return good;
}
