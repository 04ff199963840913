/* What the workers of a generation say: that they are ready, and what they make of messages. */
#define _GNU_SOURCE /* kill */
#include <signal.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/scan/generation_internal.h"

enum {
    JOBS_PER_WORKER = 10000,               /* then it is replaced, whatever it looks like */
    RESULT_MAX = CHANNEL_MESSAGE_MAX - 64, /* it has to fit a message to the queue */
};

static void check_canned(struct generation *g, struct slot *s, struct span result)
{
    struct error error;
    if (!canned_check(&g->shared.runtime, g->canned, result, slot_cpu(s), &error))
        generation_complain(g, "%s", error.text);
    else if (g->trial && g->canned == CANNED_MARKED)
        g->canned = CANNED_LONG;
    else if (g->state == GENERATION_PREPARING)
        g->state = GENERATION_READY;
}

/* A worker that has ended comes again: take_ready() goes on then. */
static void judge_canned(struct generation *g)
{
    struct error error;
    if (g->state != GENERATION_PREPARING || g->slots[0].state != SLOT_IDLE)
        return;
    struct job *job = canned_job(&g->shared.runtime, g->canned, &error);
    if (!job) {
        generation_complain(g, "%s", error.text);
    } else if (!slot_give(&g->slots[0], job)) {
        job_free(job);
        generation_complain(g, "a worker does not take the test message");
    }
}

static void take_result(struct generation *g, struct slot *s, const struct packet *packet)
{
    s->deaths = 0;
    s->judged++;
    if (generation_has_been_ready(g))
        g->config.handler.result(g->config.handler.context, s->job, packet->body);
    else
        check_canned(g, s, packet->body);
    slot_drop_job(s);
    if (packet->type == WORKER_LAST_RESULT || s->judged >= JOBS_PER_WORKER || s == generation_lone_slot(g) ||
        g->state == GENERATION_ENDING)
        slot_retire(s);
    else
        slot_set_idle(s);
    if (!generation_has_been_ready(g))
        judge_canned(g);
}

static bool is_staffed(const struct generation *g)
{
    for (const struct slot *s = g->slots; s < generation_lone_slot(g); s++)
        if (s->state == SLOT_EMPTY || s->state == SLOT_STARTING)
            return false;
    return true;
}

static void take_ready(struct generation *g, struct slot *s, struct span sandbox)
{
    slot_set_idle(s);
    if (g->state != GENERATION_PREPARING || !is_staffed(g))
        return;
    buf_clear(&g->sandbox);
    buf_append_span(&g->sandbox, sandbox);
    judge_canned(g);
}

static void take_packet(struct generation *g, struct slot *s, struct packet *packet)
{
    if (packet->fd >= 0)
        close(packet->fd);
    bool result = packet->type == WORKER_RESULT || packet->type == WORKER_LAST_RESULT;
    if (result && s->state == SLOT_BUSY && packet->body.n <= RESULT_MAX)
        take_result(g, s, packet);
    else if (packet->type == WORKER_READY && s->state == SLOT_STARTING)
        take_ready(g, s, packet->body);
    else if (packet->type == WORKER_FAILED && s->state == SLOT_STARTING)
        generation_complain(g, "a worker's sandbox failed: %.*s", (int)packet->body.n, packet->body.p);
    else
        slot_kill(s, "it does not keep to the protocol");
}

static void judge_again(struct generation *g, struct slot *s)
{
    struct job *job = s->job;
    if (job && generation_has_been_ready(g)) {
        s->job = NULL;
        g->config.handler.again(g->config.handler.context, job);
    }
    slot_kill(s, "too many descriptors are open here for its answer");
}

void generation_read_packets(struct generation *g, struct slot *s)
{
    while (s->socket >= 0) {
        struct packet packet;
        switch (packet_receive(s->socket, &g->packet, &packet)) {
        case PACKET_GOOD:
            take_packet(g, s, &packet);
            break;
        case PACKET_NONE:
            return;
        case PACKET_END:
            if (s->pid)
                kill(s->pid, SIGKILL);
            event_del(s->readable);
            return;
        case PACKET_BROKEN:
            slot_kill(s, "it does not keep to the protocol");
            return;
        case PACKET_LOST:
            judge_again(g, s);
            return;
        }
    }
}

void generation_on_worker(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct slot *s = context;
    struct generation *g = s->generation;
    generation_read_packets(g, s);
    g->config.handler.changed(g->config.handler.context);
}
