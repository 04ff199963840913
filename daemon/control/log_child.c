/* The child process of tail and grep.
 *
 * It inherits the role's sandbox.  Expressions run under PCRE2's limits on one line at a time and the child under a CPU
 * limit, so no expression can occupy the machine.
 */
#define _GNU_SOURCE /* NAME_MAX */
#include "daemon/control/log_child.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/control/log_read.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

enum {
    LINE_MAX_BYTES = 16 * 1024,
    CPU_SECONDS = 20,
    MATCH_LIMIT = 100000,
    FOLLOW_MILLISECONDS = 200,
};

/* Made safe once more: the file may be damaged, and JSON takes valid UTF-8 only. */
static bool put_line(struct span line, void *context)
{
    (void)context;
    static struct buf text;
    buf_clear(&text);
    text_from_wire(&text, line, line.n);
    buf_append_char(&text, '\n');
    fwrite(text.data, 1, text.len, stdout);
    return true;
}

static void limit_cpu(void)
{
    struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS};
    setrlimit(RLIMIT_CPU, &cpu);
}

static _Noreturn void end(bool good)
{
    fflush(stdout);
    _exit(good ? 0 : 1);
}

/* ---- tail ---- */

struct ring {
    struct span *lines; /* copies */
    size_t size, count;
};

static bool keep_last(struct span line, void *context)
{
    struct ring *r = context;
    struct span *slot = &r->lines[r->count++ % r->size];
    free((char *)slot->p);
    *slot = (struct span){xmemdup0(line.p, line.n), line.n};
    return true;
}

/* Waits a little; false when the other end of standard output is gone. */
static bool is_wanted(void)
{
    struct pollfd reader = {.fd = STDOUT_FILENO};
    return poll(&reader, 1, FOLLOW_MILLISECONDS) == 0;
}

void log_child_tail(const char *log, size_t count, bool follow)
{
    struct ring r = {.lines = xcalloc(count, sizeof(struct span)), .size = count};
    struct log_position position = {0};
    struct error error;
    if (!follow)
        limit_cpu();
    bool good = log_read_lines(log, follow ? &position : NULL, keep_last, &r, &error);
    size_t first = r.count > r.size ? r.count - r.size : 0;
    for (size_t i = first; i < r.count; i++)
        put_line(r.lines[i % r.size], NULL);
    while (good && follow && fflush(stdout) == 0 && is_wanted())
        good = log_read_lines(log, &position, put_line, NULL, &error);
    end(good);
}

/* ---- grep ---- */

struct matcher {
    const pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static bool put_match(struct span line, void *context)
{
    struct matcher *m = context;
    struct span window = span_slice(line, 0, LINE_MAX_BYTES);
    if (pcre2_match(m->code, (PCRE2_SPTR)window.p, window.n, 0, 0, m->data, m->limits) >= 0)
        put_line(line, NULL);
    return true;
}

void log_child_grep(const char *log, const pcre2_code *code)
{
    struct matcher m = {code, pcre2_match_data_create_from_pattern(code, NULL),
                        pcre2_match_context_create(NULL)};
    struct error error;
    limit_cpu();
    pcre2_set_match_limit(m.limits, MATCH_LIMIT);
    end(log_read_lines(log, NULL, put_match, &m, &error));
}
