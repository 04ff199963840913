/* The life of a worker: close the sandbox, then one message after the other, until the supervisor hangs up.
 *
 * Everything that a message touches lives in one arena that is emptied after it.  Whatever goes wrong ends the
 * process; the supervisor counts the tries.
 */
#include "config.h"

#include "daemon/scan/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/protocol.h"
#include "daemon/sandbox.h"
#include "daemon/scan/packet.h"
#include "daemon/scan/process.h"
#include "engine/scan/example.h"
#include "engine/schema/features.h"

/* Growth of resident memory after which a worker asks to be replaced. */
enum { GROWTH_MAX_KIB = 64 * 1024, DESCRIPTORS_MAX = 16 };

struct worker {
    const struct judge_runtime *runtime;
    struct judge_breadcrumb crumb;
    struct arena *arena;
    struct buf packet, result; /* kept from message to message */
    long start_kib;
};

/* The reason stays in the breadcrumb. */
static _Noreturn void give_up(const struct worker *w, const char *reason)
{
    snprintf(w->crumb.text, w->crumb.text_size, "%s", reason);
    _exit(1);
}

static void limit(int resource, rlim_t value)
{
    struct rlimit both = {value, value};
    setrlimit(resource, &both);
}

static void set_limits(const struct worker_config *config)
{
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    limit(RLIMIT_FSIZE, CHANNEL_MESSAGE_MAX); /* a large result goes through a memfd */
#ifndef WITH_SANITIZERS
    limit(RLIMIT_AS, config->address_space); /* sanitizers map terabytes */
#else
    (void)config;
#endif
}

static void keep_own_breadcrumb(const struct breadcrumbs *crumbs, size_t slot)
{
    size_t before = slot * BREADCRUMB_BYTES, after = (crumbs->count - slot - 1) * BREADCRUMB_BYTES;
    if (before)
        munmap(crumbs->pages, before);
    if (after)
        munmap(breadcrumb_of(crumbs, slot + 1), after);
}

static long resident_kib(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void close_sandbox(void)
{
    struct buf report = {0};
    struct error error;
    bool ok = sandbox_enter_worker(&report, &error);
    packet_send(PROCESS_SOCKET, ok ? WORKER_READY : WORKER_FAILED,
                ok ? buf_span(&report) : span_text(error.text), -1);
    buf_free(&report);
    if (!ok)
        _exit(1);
}

/* An unsealed file could shrink or change under the parser. */
static struct span map_message(const struct worker *w, int fd)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
    if ((fcntl(fd, F_GET_SEALS) & needed) != needed)
        give_up(w, "the message is not sealed");
    off_t size = lseek(fd, 0, SEEK_END);
    if (size <= 0)
        return (struct span){0};
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        give_up(w, "the message cannot be mapped");
    return span_of(bytes, (size_t)size);
}

/* The policy of messages that only their score is wanted of. */
static const struct judge_policy scored_only = {
    .name = SPAN("spamd"), .antispam = true, .positive.threshold = 101, .suspect.threshold = 101};

static void judge(struct worker *w, const struct packet *packet)
{
    struct scan_job job;
    struct wire_reader in = wire_reader_of(packet->body);
    if (packet->type != WORKER_JOB || packet->fd < 0 || !scan_job_get(&in, w->arena, &job))
        give_up(w, "the job is not well-formed");
    struct judge_input input = {
        .message = map_message(w, packet->fd),
        .trace_bytes = job.trace_bytes,
        .outbound = job.outbound,
        .without_antispam = job.missing_features & feature_bit(FEATURE_ANTISPAM),
        .without_multiscan = job.missing_features & feature_bit(FEATURE_MULTISCAN),
        .without_graymail = job.missing_features & feature_bit(FEATURE_GRAYMAIL),
        .sender = job.sender,
        .helo = job.helo,
        .client_ip = job.client_ip,
        .recipients = job.recipients,
        .recipient_count = job.recipient_count,
        .peers = job.peers,
    };
    close(packet->fd);
    if (input.trace_bytes > input.message.n)
        give_up(w, "the trace header is longer than the message");
    struct judge_result result;
    struct judge_runtime runtime = *w->runtime;
    if (job.score_only)
        runtime.policies[JUDGE_INCOMING] = scored_only;
    buf_clear(&w->result);
    if (job.example) {
        struct scan_example example;
        judge_take_example(&runtime, &input, &w->crumb, w->arena, &example);
        scan_example_put(&w->result, &example);
    } else {
        judge_message(&runtime, &input, &w->crumb, w->arena, &result);
        judge_result_put(&w->result, &result);
    }
    if (input.message.n)
        munmap((void *)input.message.p, input.message.n);
}

static void answer(const struct worker *w)
{
    bool grown = resident_kib() - w->start_kib > GROWTH_MAX_KIB;
    if (!packet_send(PROCESS_SOCKET, grown ? WORKER_LAST_RESULT : WORKER_RESULT, buf_span(&w->result), -1))
        give_up(w, "the result cannot be sent");
}

void worker_run(const struct worker_config *config, size_t slot, int socket)
{
    process_begin("scan-worker", config->supervisor, socket);
    keep_own_breadcrumb(&config->crumbs, slot);
    set_limits(config);
    struct worker w = {
        .runtime = &config->runtime,
        .crumb = {breadcrumb_of(&config->crumbs, slot), BREADCRUMB_BYTES},
        .arena = arena_new(),
        .start_kib = resident_kib(),
    };
    close_sandbox();
    struct packet packet;
    while (packet_receive(PROCESS_SOCKET, &w.packet, &packet) == PACKET_GOOD) {
        judge(&w, &packet);
        answer(&w);
        arena_reset(w.arena);
    }
    _exit(0);
}
