/* Starting, feeding, timing and burying one worker. */
#include "daemon/scan/slot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"

enum { RETRY_FIRST_US = 100 * 1000, RETRY_DOUBLINGS_MAX = 7 };

void job_free(struct job *job)
{
    if (!job)
        return;
    close(job->fd);
    buf_free(&job->envelope);
    free(job);
}

static void set_state(struct slot *s, enum slot_state state)
{
    s->state = state;
    s->since = clock_mono_us();
}

static void hang_up(struct slot *s)
{
    if (s->socket < 0)
        return;
    event_free(s->readable);
    s->readable = NULL;
    close(s->socket);
    s->socket = -1;
}

/* Each time twice as long, so that a worker that cannot live costs little. */
static void put_off(struct slot *s)
{
    s->not_before = clock_mono_us() + ((int64_t)RETRY_FIRST_US << s->deaths);
    if (s->deaths < RETRY_DOUBLINGS_MAX)
        s->deaths++;
}

bool slot_start(struct slot *s, struct zygote *z, struct event_base *base, event_callback_fn on_readable)
{
    int pair[2];
    pid_t pid = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0) {
        pid = zygote_spawn(z, s->number, pair[1]);
        close(pair[1]);
        if (pid == 0)
            close(pair[0]);
    }
    if (pid == 0) {
        put_off(s);
        return false;
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    s->pid = pid;
    s->socket = pair[0];
    s->judged = 0;
    s->cause[0] = '\0';
    s->readable = event_new(base, s->socket, EV_READ | EV_PERSIST, on_readable, s);
    if (!s->readable)
        abort();
    event_add(s->readable, NULL);
    set_state(s, SLOT_STARTING);
    return true;
}

void slot_set_idle(struct slot *s)
{
    set_state(s, SLOT_IDLE);
}

/* A worker has one thread, so its CPU time is never above the wall time: it tells one that computed too long from
 * one that was not let run. */
static double cpu_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(pid, &clock) == 0)
        clock_gettime(clock, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double slot_cpu(const struct slot *s)
{
    return cpu_seconds(s->pid) - s->cpu_before;
}

bool slot_give(struct slot *s, struct job *job)
{
    s->crumb[0] = '\0';
    s->cpu_before = cpu_seconds(s->pid);
    if (!packet_send(s->socket, WORKER_JOB, buf_span(&job->envelope), job->fd)) {
        slot_kill(s, "it does not take a job");
        return false;
    }
    s->job = job;
    set_state(s, SLOT_BUSY);
    return true;
}

void slot_drop_job(struct slot *s)
{
    job_free(s->job);
    s->job = NULL;
}

void slot_retire(struct slot *s)
{
    hang_up(s);
    set_state(s, SLOT_ENDING);
}

void slot_kill(struct slot *s, const char *cause)
{
    snprintf(s->cause, sizeof s->cause, "%s", cause);
    if (s->pid)
        kill(s->pid, SIGKILL);
    slot_retire(s);
}

void slot_enforce_time(struct slot *s, int64_t limit_us)
{
    bool working = s->state == SLOT_STARTING || s->state == SLOT_BUSY;
    bool retired = s->state == SLOT_ENDING && !s->cause[0];
    if (!(working || retired) || clock_mono_us() - s->since < limit_us)
        return;
    char cause[sizeof s->cause];
    snprintf(cause, sizeof cause, "wall time %" PRId64 " s, %.1f s of CPU", limit_us / 1000000, slot_cpu(s));
    slot_kill(s, cause);
}

static void describe_end(struct slot *s, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(s->cause, sizeof s->cause, "forbidden system call");
    else if (WIFSIGNALED(status))
        snprintf(s->cause, sizeof s->cause, "signal %d", WTERMSIG(status));
    else
        snprintf(s->cause, sizeof s->cause, "exit status %d", WEXITSTATUS(status));
}

bool slot_reap(struct slot *s)
{
    int status;
    if (s->pid == 0 || waitpid(s->pid, &status, WNOHANG) != s->pid)
        return false;
    s->pid = 0;
    if (s->state != SLOT_ENDING)
        describe_end(s, status);
    return true;
}

void slot_clear(struct slot *s)
{
    hang_up(s);
    set_state(s, SLOT_EMPTY);
    if (!s->job && s->cause[0])
        put_off(s);
}
