/* Both ends of the zygote: the process itself, and the calls that the supervisor makes to it. */
#define _GNU_SOURCE /* CLONE_PARENT */
#include "daemon/scan/zygote.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "daemon/scan/packet.h"
#include "daemon/scan/process.h"
#include "daemon/scan/worker.h"
#include "engine/wire/wire.h"

/* For a zygote to answer: it is small and works for nobody else. */
enum { ANSWER_SECONDS = 10 };

static bool judge_own_message(const struct judge_runtime *runtime, struct error *error)
{
    const struct span recipient = SPAN("postmaster@localhost");
    const struct judge_input input = {
        .message = SPAN("From: <postmaster@localhost>\r\nSubject: =?utf-8?q?warm-up?=\r\n"
                        "Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Ready?</p>\r\n"),
        .sender = SPAN("postmaster@localhost"),
        .recipients = &recipient,
        .recipient_count = 1,
    };
    struct arena *arena = arena_new();
    struct judge_result result;
    judge_message(runtime, &input, NULL, arena, &result);
    bool judged = result.child_count == 1 && result.children[0].score >= 0;
    arena_free(arena);
    return judged || error_set(error, "the engine does not judge its own test message");
}

/* A fork whose child belongs to the caller's parent, which no function of the C library offers.  The zygote has one
 * thread and no fork handlers, so there is nothing that the library would have to be told. */
static pid_t fork_sibling(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void make_worker(const struct generation *generation, const struct packet *packet)
{
    struct wire_reader in = wire_reader_of(packet->body);
    uint32_t slot = wire_get_u32(&in);
    if (packet->type != ZYGOTE_SPAWN || packet->fd < 0 || !wire_reader_done(&in) ||
        slot >= generation->crumbs.count)
        _exit(1);
    pid_t pid = fork_sibling();
    if (pid == 0)
        worker_run(generation, slot, packet->fd);
    close(packet->fd);
    struct buf body = {0};
    wire_put_i64(&body, pid > 0 ? pid : 0);
    packet_send(PROCESS_SOCKET, ZYGOTE_SPAWNED, buf_span(&body), -1);
    buf_free(&body);
}

static _Noreturn void zygote_run(const struct generation *generation, int socket)
{
    process_begin("scan-zygote", generation->supervisor, socket);
    const struct sandbox box = {.fork = true};
    struct buf report = {0}, store = {0};
    struct error error;
    bool ok = sandbox_enter(&box, &report, &error) && judge_own_message(&generation->runtime, &error);
    packet_send(PROCESS_SOCKET, ok ? ZYGOTE_READY : ZYGOTE_FAILED, span_text(ok ? NULL : error.text), -1);
    buf_free(&report);
    struct packet packet;
    while (ok && packet_receive(PROCESS_SOCKET, &store, &packet) == PACKET_GOOD)
        make_worker(generation, &packet);
    _exit(ok ? 0 : 1);
}

static bool await_ready(const struct zygote *z, struct error *error)
{
    struct buf store = {0};
    struct packet packet = {.fd = -1};
    enum packet_result got = packet_receive(z->socket, &store, &packet);
    bool ready = got == PACKET_GOOD && packet.type == ZYGOTE_READY;
    if (got == PACKET_GOOD && packet.type == ZYGOTE_FAILED)
        error_set(error, "scan zygote: %.*s", (int)packet.body.n, packet.body.p);
    else if (!ready)
        error_set(error, "scan zygote: %s", got == PACKET_NONE ? "no answer" : "it died at its start");
    buf_free(&store);
    return ready;
}

bool zygote_start(struct zygote *z, const struct generation *generation, struct error *error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set_errno(error, "scan zygote");
    pid_t pid = fork();
    if (pid == 0)
        zygote_run(generation, pair[1]);
    close(pair[1]);
    *z = (struct zygote){.pid = pid, .socket = pair[0]};
    if (pid < 0) {
        close(pair[0]);
        z->pid = 0;
        return error_set_errno(error, "scan zygote");
    }
    struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    setsockopt(z->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (await_ready(z, error))
        return true;
    zygote_stop(z);
    return false;
}

/* The answer to ZYGOTE_SPAWN; false when there is none. */
static bool read_spawned(const struct zygote *z, pid_t *pid)
{
    struct buf store = {0};
    struct packet packet = {.fd = -1};
    bool answered =
        packet_receive(z->socket, &store, &packet) == PACKET_GOOD && packet.type == ZYGOTE_SPAWNED;
    struct wire_reader in = wire_reader_of(packet.body);
    *pid = (pid_t)wire_get_i64(&in);
    buf_free(&store);
    return answered && wire_reader_done(&in);
}

pid_t zygote_spawn(struct zygote *z, size_t slot, int socket)
{
    if (z->pid == 0)
        return 0;
    struct buf body = {0};
    wire_put_u32(&body, (uint32_t)slot);
    pid_t pid = 0;
    if (!packet_send(z->socket, ZYGOTE_SPAWN, buf_span(&body), socket) || !read_spawned(z, &pid))
        zygote_stop(z);
    buf_free(&body);
    return z->pid ? pid : 0;
}

static void forget(struct zygote *z)
{
    close(z->socket);
    z->pid = 0;
}

bool zygote_reap(struct zygote *z)
{
    if (z->pid == 0 || waitpid(z->pid, NULL, WNOHANG) != z->pid)
        return false;
    forget(z);
    return true;
}

void zygote_stop(struct zygote *z)
{
    if (z->pid == 0)
        return;
    kill(z->pid, SIGKILL);
    waitpid(z->pid, NULL, 0);
    forget(z);
}
