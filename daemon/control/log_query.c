/* tail and grep: the child reads and matches, the parent passes its output on to the session.
 *
 * The child inherits the role's sandbox.  Expressions run under PCRE2's limits on one line at a time and the
 * child under a CPU limit, so no expression can occupy the machine.
 */
#define _GNU_SOURCE /* kill */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "daemon/control/log_query.h"

#include <errno.h>
#include <pcre2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control/log_read.h"
#include "daemon/control/session.h"
#include "daemon/role.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

enum {
    TAIL_LINES = 10,
    TAIL_LINES_MOST = 10000,
    LINE_MAX_BYTES = 16 * 1024,
    CPU_SECONDS = 20,
    MATCH_LIMIT = 100000,
    PIECE = 64 * 1024,
    QUERIES_MOST = 4, /* children at a time */
};

struct query {
    uint64_t session;
    pid_t pid;
    int fd;
    struct event *readable;
    struct buf held; /* output up to the last whole line has been passed on */
    json_int_t lines;
};

static unsigned running;

/* ---- in the child ---- */

/* Made safe once more: the file may be damaged, and JSON takes valid UTF-8 only. */
static void put_line(struct span line)
{
    static struct buf text;
    buf_clear(&text);
    text_from_wire(&text, line, line.n);
    buf_append_char(&text, '\n');
    fwrite(text.data, 1, text.len, stdout);
}

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

static void child_tail(const char *log, size_t count)
{
    struct ring r = {.lines = xcalloc(count, sizeof(struct span)), .size = count};
    struct error error;
    if (!log_read_lines(log, keep_last, &r, &error))
        _exit(API_FAILED);
    size_t first = r.count > r.size ? r.count - r.size : 0;
    for (size_t i = first; i < r.count; i++)
        put_line(r.lines[i % r.size]);
}

struct matcher {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static bool put_match(struct span line, void *context)
{
    struct matcher *m = context;
    struct span window = span_slice(line, 0, LINE_MAX_BYTES);
    if (pcre2_match(m->code, (PCRE2_SPTR)window.p, window.n, 0, 0, m->data, m->limits) >= 0)
        put_line(line);
    return true;
}

static void child_grep(const char *log, pcre2_code *code)
{
    struct matcher m = {code, pcre2_match_data_create_from_pattern(code, NULL),
                        pcre2_match_context_create(NULL)};
    pcre2_set_match_limit(m.limits, MATCH_LIMIT);
    struct error error;
    if (!log_read_lines(log, put_match, &m, &error))
        _exit(API_FAILED);
}

/* ---- in the role ---- */

static void end_query(struct query *q)
{
    int status;
    while (waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        session_end(q->session, API_DONE, NULL, json_pack("{s:I}", "lines", q->lines));
    else
        session_end(q->session, API_FAILED, "reading the log took too long or failed", NULL);
    event_free(q->readable);
    close(q->fd);
    buf_free(&q->held);
    free(q);
    running--;
}

static void resume_query(void *context)
{
    struct query *q = context;
    event_add(q->readable, NULL);
}

/* Its end is seen as the end of its output. */
static void cancel_query(void *context)
{
    struct query *q = context;
    kill(q->pid, SIGKILL);
    resume_query(q);
}

static void on_output(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct query *q = context;
    if (session_is_full(q->session)) {
        event_del(q->readable);
        return;
    }
    ssize_t got = read(fd, buf_reserve(&q->held, PIECE), PIECE);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        end_query(q);
        return;
    }
    q->held.len += (size_t)got;
    size_t whole = 0;
    for (size_t i = 0; i < q->held.len; i++) {
        if (q->held.data[i] == '\n') {
            whole = i + 1;
            q->lines++;
        }
    }
    if (whole) {
        session_text(q->session, (struct span){q->held.data, whole});
        buf_consume(&q->held, whole);
    }
}

/* Forks the child: returns true in it, with standard output as the way back. */
static bool fork_query(uint64_t session)
{
    int ends[2];
    if (running == QUERIES_MOST) {
        session_end(session, API_FAILED, "too many queries are running; try again", NULL);
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        session_end(session, API_FAILED, "cannot start a query", NULL);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS};
        setrlimit(RLIMIT_CPU, &cpu);
        signal(SIGPIPE, SIG_DFL);
        dup2(ends[1], STDOUT_FILENO);
        return true;
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        session_end(session, API_FAILED, "cannot start a query", NULL);
        return false;
    }
    running++;
    struct query *q = xcalloc(1, sizeof *q);
    *q = (struct query){.session = session, .pid = pid, .fd = ends[0]};
    q->readable = event_new(role_base(), ends[0], EV_READ | EV_PERSIST, on_output, q);
    event_add(q->readable, NULL);
    session_begin_work(session, &(struct session_work){resume_query, cancel_query, q});
    return false;
}

static _Noreturn void end_child(void)
{
    fflush(stdout);
    _exit(0);
}

/* The name of an existing log in the request, or NULL after the session was told what is wrong. */
static const char *log_of(uint64_t session, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "log"));
    if (name && log_exists(name))
        return name;
    char text[160];
    snprintf(text, sizeof text, "log '%.64s' does not exist", name ? name : "");
    session_end(session, API_FAILED, text, NULL);
    return NULL;
}

void log_query_tail(uint64_t session, json_t *request)
{
    const char *log = log_of(session, request);
    if (!log)
        return;
    json_t *lines = json_object_get(request, "lines");
    json_int_t count = lines ? json_integer_value(lines) : TAIL_LINES;
    if (count < 1 || count > TAIL_LINES_MOST) {
        session_end(session, API_USAGE, "the number of lines must be from 1 to 10000", NULL);
        return;
    }
    if (fork_query(session)) {
        child_tail(log, (size_t)count);
        end_child();
    }
}

void log_query_grep(uint64_t session, json_t *request)
{
    const char *expression = json_string_value(json_object_get(request, "expression"));
    if (!expression) {
        session_end(session, API_USAGE, "grep needs an expression", NULL);
        return;
    }
    uint32_t options = PCRE2_NEVER_BACKSLASH_C;
    if (json_is_true(json_object_get(request, "ignore_case")))
        options |= PCRE2_CASELESS;
    int code_number;
    PCRE2_SIZE offset;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, options, &code_number, &offset, NULL);
    if (!code) {
        PCRE2_UCHAR why[200];
        char text[300];
        pcre2_get_error_message(code_number, why, sizeof why);
        snprintf(text, sizeof text, "the expression is wrong at character %zu: %s", (size_t)offset + 1,
                 (char *)why);
        session_end(session, API_USAGE, text, NULL);
        return;
    }
    const char *log = log_of(session, request);
    if (log && fork_query(session)) {
        child_grep(log, code);
        end_child();
    }
    pcre2_code_free(code);
}
