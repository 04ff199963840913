/* tail and grep: a child reads and matches (log_child.c), its output is passed on to the session. */
#define _GNU_SOURCE /* close_range */
#include "daemon/control/log_query.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control/log_child.h"
#include "daemon/control/log_read.h"
#include "daemon/control/session.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { TAIL_LINES = 10, PIECE = 64 * 1024 };

/* A child that follows a log lives as long as somebody looks at it, so it takes no place of those that end. */
enum query_kind { QUERY_ENDS, QUERY_FOLLOWS, QUERY_KINDS };
static const unsigned most_running[QUERY_KINDS] = {[QUERY_ENDS] = 4, [QUERY_FOLLOWS] = 8};
static unsigned running[QUERY_KINDS];

struct query {
    uint64_t session; /* 0: nobody waits for it any more */
    enum query_kind kind;
    pid_t pid;
    int fd;
    struct event *readable;
    struct buf held; /* output up to the last whole line has been passed on */
    json_int_t lines;
};

static void end_query(struct query *q)
{
    int status;
    while (waitpid(q->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        session_done(q->session, json_pack("{s:I}", "lines", q->lines));
    else
        session_fail(q->session, API_ERROR_FAILED, "reading the log took too long or failed");
    running[q->kind]--;
    event_free(q->readable);
    close(q->fd);
    buf_free(&q->held);
    free(q);
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
    q->session = 0;
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

/* The way back is all that the child keeps: with the sockets of sessions in its hands, none of them could end. */
static void become_child(int fd)
{
    signal(SIGPIPE, SIG_DFL);
    dup2(fd, STDOUT_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

/* Forks the child: returns true in it, with standard output as the way back. */
static bool fork_query(uint64_t session, enum query_kind kind)
{
    int ends[2];
    if (running[kind] == most_running[kind]) {
        session_fail(session, API_ERROR_FAILED, "too many queries are running; try again");
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        session_fail(session, API_ERROR_FAILED, "cannot start a query: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become_child(ends[1]);
        return true;
    }
    close(ends[1]);
    if (pid < 0) {
        session_fail(session, API_ERROR_FAILED, "cannot start a query: %s", strerror(errno));
        close(ends[0]);
        return false;
    }
    running[kind]++;
    struct query *q = xcalloc(1, sizeof *q);
    *q = (struct query){.session = session, .kind = kind, .pid = pid, .fd = ends[0]};
    q->readable = event_new(role_base(), ends[0], EV_READ | EV_PERSIST, on_output, q);
    event_add(q->readable, NULL);
    session_begin_work(session, &(struct session_work){resume_query, cancel_query, q});
    return false;
}

static void add_to_list(const char *name, void *context)
{
    struct buf *list = context;
    buf_printf(list, "%s%s", list->len ? ", " : "", name);
}

/* The name of an existing log in the request, or NULL after the session was told. */
static const char *log_of(uint64_t session, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "log"));
    struct buf names = {0};
    if (log_exists(name))
        return name;
    log_each(add_to_list, &names);
    session_fail(session, API_ERROR_NOT_FOUND, "log '%s' (logs: %s)", name, buf_text(&names));
    buf_free(&names);
    return NULL;
}

void log_query_tail(uint64_t session, json_t *request)
{
    const char *log = log_of(session, request);
    const json_t *lines = json_object_get(request, "lines");
    size_t count = lines ? (size_t)json_integer_value(lines) : TAIL_LINES;
    bool follow = json_is_true(json_object_get(request, "follow"));
    if (log && fork_query(session, follow ? QUERY_FOLLOWS : QUERY_ENDS))
        log_child_tail(log, count, follow);
}

static pcre2_code *compile(uint64_t session, json_t *request)
{
    const json_t *text = json_object_get(request, "expression");
    uint32_t options = PCRE2_NEVER_BACKSLASH_C;
    if (json_is_true(json_object_get(request, "ignore_case")))
        options |= PCRE2_CASELESS;
    int number;
    PCRE2_SIZE offset;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)json_string_value(text), json_string_length(text), options,
                                     &number, &offset, NULL);
    if (!code) {
        PCRE2_UCHAR why[200];
        pcre2_get_error_message(number, why, sizeof why);
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "the expression is wrong at character %zu: %s",
                     (size_t)offset + 1, (char *)why);
    }
    return code;
}

void log_query_grep(uint64_t session, json_t *request)
{
    pcre2_code *code = compile(session, request);
    const char *log = code ? log_of(session, request) : NULL;
    if (log && fork_query(session, QUERY_ENDS))
        log_child_grep(log, code);
    pcre2_code_free(code);
}

static void add_name(const char *name, void *context)
{
    json_array_append_new(context, json_string(name));
}

void log_query_names(uint64_t session, json_t *request)
{
    (void)request;
    json_t *names = json_array();
    log_each(add_name, names);
    session_done(session, json_pack("{s:o}", "logs", names));
}
