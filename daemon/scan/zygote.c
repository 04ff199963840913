/* Both ends of the zygote: the process itself, and the calls that the supervisor makes to it. */
#define _GNU_SOURCE /* CLONE_PARENT */
#include "daemon/scan/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "daemon/scan/canned.h"
#include "daemon/scan/executable_memory.h"
#include "daemon/scan/packet.h"
#include "daemon/scan/process.h"
#include "daemon/scan/worker.h"
#include "engine/base/clock.h"
#include "engine/scan/learned.h"
#include "engine/wire/wire.h"

/* For a zygote to answer: it is small and works for nobody else. */
enum { ANSWER_SECONDS = 10 };

/* A fork whose child belongs to the caller's parent, which no function of the C library offers.  The zygote has one
 * thread and no fork handlers, so there is nothing that the library would have to be told. */
static pid_t fork_sibling(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void make_worker(const struct worker_config *config, const struct packet *packet)
{
    struct wire_reader in = wire_reader_of(packet->body);
    uint32_t slot = wire_get_u32(&in);
    if (packet->type != ZYGOTE_SPAWN || packet->fd < 0 || !wire_reader_done(&in) ||
        slot >= config->crumbs.count)
        _exit(1);
    pid_t pid = fork_sibling();
    if (pid == 0)
        worker_run(config, slot, packet->fd);
    close(packet->fd);
    struct buf body = {0};
    wire_put_i64(&body, pid > 0 ? pid : 0);
    packet_send(PROCESS_SOCKET, ZYGOTE_SPAWNED, buf_span(&body), -1);
    buf_free(&body);
}

/* Each zygote has machine code of its own, which it alone could write and now cannot any more either. */
static bool compile_rules(struct worker_config *config, struct error *error)
{
    if (!config->files)
        return true;
    config->runtime.rules = engine_files_compile(config->files, error);
    return config->runtime.rules && executable_memory_seal(error);
}

/* In the sandbox: what examples hold comes from messages. */
static bool learn(struct worker_config *config, struct error *error)
{
    config->runtime.learned = scan_learned_fit(learned_set_bytes(config->learned), error);
    return config->runtime.learned || !error->text[0];
}

static _Noreturn void zygote_run(const struct worker_config *shared, int socket)
{
    struct worker_config own = *shared, *config = &own;
    process_begin("scan-zygote", config->supervisor, socket);
    const struct sandbox box = {.fork = true};
    struct buf report = {0}, store = {0};
    struct error error;
    bool ok = compile_rules(config, &error) && sandbox_enter(&box, &report, &error) && learn(config, &error);
    if (ok)
        canned_warm_up(&config->runtime);
    packet_send(PROCESS_SOCKET, ok ? ZYGOTE_READY : ZYGOTE_FAILED, span_text(ok ? NULL : error.text), -1);
    buf_free(&report);
    struct packet packet;
    while (ok && packet_receive(PROCESS_SOCKET, &store, &packet) == PACKET_GOOD)
        make_worker(config, &packet);
    _exit(ok ? 0 : 1);
}

bool zygote_start(struct zygote *z, const struct worker_config *config, struct event_base *base,
                  event_callback_fn on_readable, void *context, struct error *error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set_errno(error, "scan zygote");
    pid_t pid = fork();
    if (pid == 0)
        zygote_run(config, pair[1]);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return error_set_errno(error, "scan zygote");
    }
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    *z = (struct zygote){.pid = pid, .socket = pair[0], .since = clock_mono_us()};
    z->readable = event_new(base, z->socket, EV_READ | EV_PERSIST, on_readable, context);
    if (!z->readable)
        abort();
    event_add(z->readable, NULL);
    return true;
}

static void stop_listening(struct zygote *z)
{
    if (z->readable)
        event_free(z->readable);
    z->readable = NULL;
}

/* From now on it speaks only when it is asked, and is waited for. */
static void set_ready(struct zygote *z)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    stop_listening(z);
    fcntl(z->socket, F_SETFL, 0);
    setsockopt(z->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    z->ready = true;
}

static void say_why(enum packet_result got, const struct packet *packet, struct error *error)
{
    if (got == PACKET_GOOD && packet->type == ZYGOTE_FAILED)
        error_set(error, "scan zygote: %.*s", (int)packet->body.n, packet->body.p);
    else
        error_set(error, "scan zygote: %s", got == PACKET_NONE ? "no answer" : "it died at its start");
}

bool zygote_listen(struct zygote *z, struct error *error)
{
    if (z->pid == 0 || z->ready)
        return true;
    struct buf store = {0};
    struct packet packet = {.fd = -1};
    enum packet_result got = packet_receive(z->socket, &store, &packet);
    bool overdue = clock_mono_us() - z->since >= ANSWER_SECONDS * INT64_C(1000000);
    bool waits = got == PACKET_NONE && !overdue;
    bool ready = got == PACKET_GOOD && packet.type == ZYGOTE_READY;
    if (ready)
        set_ready(z);
    else if (!waits)
        say_why(got, &packet, error);
    buf_free(&store);
    if (!ready && !waits)
        zygote_stop(z);
    return ready || waits;
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
    if (!z->ready)
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
    stop_listening(z);
    close(z->socket);
    *z = (struct zygote){0};
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
