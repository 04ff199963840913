/* Outgoing mail: next hops, their connections and the deliveries that wait for one. */
#include "daemon/smtp/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/resolve.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum {
    /* After a connection could not be made, those that work carry on alone for so long, */
    HOP_PAUSE_SECONDS = 5,
    /* and its address goes last, as long as there are others. */
    AVOID_SECONDS = 60,
    /* Where a handshake failed, none is tried. */
    TLS_BROKEN_SECONDS = 60,
    /* A message waits so long for addresses that never answer: no further one is begun. */
    ATTEMPT_SECONDS = 60,
};

struct hop {
    LIST_ENTRY(hop) link;
    struct destination destination;
    in_port_t port;
    enum schema_tls tls;
    uint64_t tls_broken; /* addresses */
    int64_t tls_broken_until;
    uint64_t avoided; /* addresses */
    int64_t avoided_until;
    TAILQ_HEAD(, delivery) waiting;
    size_t waiting_count;
    LIST_HEAD(, connection) idle;
    size_t connections; /* all of them */
    size_t fresh;       /* of these: not yet ready for a delivery */
    int64_t paused_until;
};

static TAILQ_HEAD(,
                  connection) pool = TAILQ_HEAD_INITIALIZER(pool); /* those that are kept, the oldest first */
static size_t pool_count;
static LIST_HEAD(, hop) hops = LIST_HEAD_INITIALIZER(hops);

/* What is to go by TLS has connections of its own. */
static struct hop *find_hop(const struct destination *destination, in_port_t port, enum schema_tls tls)
{
    struct hop *hop;
    LIST_FOREACH (hop, &hops, link)
        if (hop->port == port && hop->tls == tls && destination_equal(&hop->destination, destination))
            return hop;
    hop = xcalloc(1, sizeof *hop);
    hop->destination = *destination;
    hop->port = port;
    hop->tls = tls;
    TAILQ_INIT(&hop->waiting);
    LIST_INSERT_HEAD(&hops, hop, link);
    return hop;
}

static struct delivery *take_waiting(struct hop *hop)
{
    struct delivery *d = TAILQ_FIRST(&hop->waiting);
    TAILQ_REMOVE(&hop->waiting, d, waiting);
    hop->waiting_count--;
    return d;
}

/* That a next hop which the administrator has named is not there, or is this host, is for him to mend: class 5 would
 * return mail that its sender did nothing wrong with. */
static void end_delivery(struct delivery *d, uint16_t code, struct span enhanced, struct span text)
{
    char softened[16];
    if (!d->job.own_domain && enhanced.n > 0 && enhanced.n < sizeof softened && enhanced.p[0] == '5') {
        memcpy(softened, enhanced.p, enhanced.n);
        softened[0] = '4';
        enhanced.p = softened;
    }
    delivery_end_rest(d, code, enhanced, text);
    delivery_finish(d);
}

static void end_waiting(struct hop *hop, uint16_t code, struct span enhanced, struct span text)
{
    while (hop->waiting_count > 0)
        end_delivery(take_waiting(hop), code, enhanced, text);
}

/* What waits has no better chance now, unless there is a connection besides the failed one. */
static void hop_failed(struct hop *hop, uint16_t code, struct span enhanced, struct span text)
{
    hop->paused_until = clock_mono_us() + HOP_PAUSE_SECONDS * 1000000;
    if (hop->connections <= 1)
        end_waiting(hop, code, enhanced, text);
}

/* Begins a connection to the best address that was not tried in this attempt.  False, and errno, when none was left. */
static bool connect_next(struct hop *hop, struct connection_attempt attempt, uint64_t dcid)
{
    errno = EHOSTUNREACH;
    if (clock_mono_us() >= hop->avoided_until)
        hop->avoided = 0;
    if (clock_mono_us() >= hop->tls_broken_until)
        hop->tls_broken = 0;
    for (;;) {
        struct sockaddr_storage address;
        int index = destination_choose(&hop->destination, attempt.tried | hop->avoided);
        if (index < 0)
            index = destination_choose(&hop->destination, attempt.tried);
        if (index < 0)
            return false;
        socklen_t size = destination_socket_address(&hop->destination, index, hop->port, &address);
        struct connection *c = connection_open(hop, (struct sockaddr *)&address, size, dcid);
        attempt.tried |= UINT64_C(1) << index;
        if (!c)
            continue;
        c->address = index;
        c->policy = hop->tls_broken & UINT64_C(1) << index ? SCHEMA_TLS_NONE : hop->tls;
        c->attempt = attempt;
        hop->connections++;
        hop->fresh++;
        return true;
    }
}

static void avoid(struct hop *hop, int address)
{
    hop->avoided |= UINT64_C(1) << address;
    hop->avoided_until = clock_mono_us() + AVOID_SECONDS * 1000000;
}

/* True when a connection more is wanted, allowed and likely to work: the first one shows whether any does. */
static bool wants_connection(const struct hop *hop)
{
    if (hop->waiting_count <= hop->fresh || hop->connections >= (size_t)role_settings()->deliver_connections)
        return false;
    if (hop->connections == hop->fresh)
        return hop->connections == 0;
    return clock_mono_us() >= hop->paused_until;
}

static void open_connections(struct hop *hop)
{
    uint64_t dcid;
    while (wants_connection(hop) && ids_take(ID_DCID, &dcid))
        if (!connect_next(hop, (struct connection_attempt){.began = clock_mono_us()}, dcid))
            hop_failed(hop, 0, SPAN("4.4.1"), span_text(strerror(errno)));
}

/* Gives waiting deliveries to idle connections, or opens some.  Frees a next hop that nobody needs. */
static void run_hop(struct hop *hop)
{
    while (hop->waiting_count > 0 && !LIST_EMPTY(&hop->idle) && !smtp_is_stopping()) {
        struct connection *c = LIST_FIRST(&hop->idle);
        client_leave_pool(c);
        dialogue_deliver(c, take_waiting(hop));
        connection_flush(c);
    }
    if (!smtp_is_stopping())
        open_connections(hop);
    if (hop->connections == 0 && hop->waiting_count == 0) {
        LIST_REMOVE(hop, link);
        free(hop);
    }
}

/* For connections */

static void quit_oldest(void)
{
    struct connection *c = TAILQ_FIRST(&pool);
    client_leave_pool(c);
    dialogue_quit(c);
    connection_flush(c);
}

static void enter_pool(struct connection *c)
{
    if (pool_count == CLIENT_POOL_MAX)
        quit_oldest();
    c->pooled = true;
    pool_count++;
    TAILQ_INSERT_TAIL(&pool, c, pool);
    LIST_INSERT_HEAD(&c->hop->idle, c, idle);
}

void client_connection_idle(struct connection *c)
{
    struct hop *hop = c->hop;
    int64_t keep = role_settings()->deliver_reuse_seconds;
    if (c->fresh) {
        c->fresh = false;
        hop->fresh--;
    }
    if (hop->waiting_count > 0 && !smtp_is_stopping()) {
        dialogue_deliver(c, take_waiting(hop));
        open_connections(hop);
    } else if (keep == 0 || smtp_is_stopping()) {
        dialogue_quit(c);
    } else {
        enter_pool(c);
        deadline_set_seconds(&c->deadline, keep);
    }
}

void client_leave_pool(struct connection *c)
{
    if (!c->pooled)
        return;
    LIST_REMOVE(c, idle);
    TAILQ_REMOVE(&pool, c, pool);
    pool_count--;
    c->pooled = false;
}

/* True when another address is tried in place of c's. */
static bool goes_on(const struct connection *c)
{
    uint64_t dcid;
    bool in_time = clock_mono_us() < c->attempt.began + ATTEMPT_SECONDS * 1000000LL;
    return in_time && c->hop->waiting_count > 0 && !smtp_is_stopping() && ids_take(ID_DCID, &dcid) &&
           connect_next(c->hop, c->attempt, dcid);
}

void client_connection_failed(struct connection *c, uint16_t code, struct span enhanced, struct span text)
{
    avoid(c->hop, c->address);
    if (!goes_on(c))
        hop_failed(c->hop, code, enhanced, text);
}

/* Where TLS is only preferred, the next connection, which begins as this one ends, does without. */
void client_tls_failed(struct connection *c, struct span enhanced, const char *why)
{
    struct hop *hop = c->hop;
    LOG(DCID_TLS_FAILED, LOG_U(c->dcid), LOG_T(why));
    if (hop->tls == SCHEMA_TLS_REQUIRED) {
        client_connection_failed(c, 0, enhanced, span_text(why));
        return;
    }
    hop->tls_broken |= UINT64_C(1) << c->address;
    hop->tls_broken_until = clock_mono_us() + TLS_BROKEN_SECONDS * 1000000;
}

/* RFC 5321 5.1: only better exchangers than this host may be tried; some were passed over if they failed lately. */
void client_connection_is_loop(struct connection *c)
{
    const struct destination *d = &c->hop->destination;
    uint16_t own = destination_preference(d, c->address);
    for (uint32_t i = 0; i < d->count; i++)
        if (destination_preference(d, (int)i) >= own)
            c->attempt.tried |= UINT64_C(1) << i;
    if (goes_on(c))
        return;
    if (d->best < own)
        hop_failed(c->hop, 0, SPAN("4.4.1"), SPAN("no mail exchanger before this host can be reached"));
    else
        hop_failed(c->hop, 0, SPAN("5.4.6"), SPAN("mail loop: the next hop is this host"));
}

void client_put_back(struct hop *hop, struct delivery *d)
{
    d->running = false;
    TAILQ_INSERT_HEAD(&hop->waiting, d, waiting);
    hop->waiting_count++;
}

void client_connection_closed(struct connection *c)
{
    struct hop *hop = c->hop;
    client_leave_pool(c);
    hop->connections--;
    hop->fresh -= c->fresh;
    run_hop(hop);
}

/* For the role */

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct delivery *d = context;
    if (!resolution->destination) {
        end_delivery(d, 0, resolution->enhanced, resolution->text);
        return;
    }
    struct hop *hop = find_hop(resolution->destination, d->job.port, d->job.tls);
    TAILQ_INSERT_TAIL(&hop->waiting, d, waiting);
    hop->waiting_count++;
    run_hop(hop);
}

void client_deliver(const struct deliver_job *job, int fd)
{
    if (delivery_find(job->mid, job->attempt)) {
        if (fd >= 0)
            close(fd);
        return;
    }
    struct delivery *d = delivery_new(job, fd);
    if (d->order_count == 0)
        delivery_finish(d);
    else
        resolve_host(d->job.host, d->job.mx, on_resolved, d);
}

void client_acknowledged(uint64_t mid, uint32_t attempt)
{
    struct delivery *d = delivery_find(mid, attempt);
    if (d && d->finished)
        delivery_free(d);
}

void client_queue_up(void)
{
    delivery_send_hello();
    delivery_send_results();
}

void client_ids_arrived(void)
{
    for (struct hop *hop = LIST_FIRST(&hops), *next; hop; hop = next) {
        next = LIST_NEXT(hop, link);
        run_hop(hop);
    }
}

size_t client_connection_count(void)
{
    const struct hop *hop;
    size_t count = 0;
    LIST_FOREACH (hop, &hops, link)
        count += hop->connections;
    return count;
}

void client_stop(void)
{
    while (!TAILQ_EMPTY(&pool))
        quit_oldest();
}
