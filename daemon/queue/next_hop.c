/* The share of each next hop in what smtp has in hand. */
#include "daemon/queue/next_hop.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

struct next_hop {
    struct table_node node; /* key: route_hash() */
    TAILQ_ENTRY(next_hop) link;
    uint32_t jobs;
    uint64_t bytes;
    struct message_list parked;
};

static struct next_hop *find(const struct queue *q, const struct route *route)
{
    return TABLE_ENTRY(table_find(&q->deliver.by_route, route_hash(route)), struct next_hop, node);
}

static struct next_hop *find_or_add(struct queue *q, const struct route *route)
{
    struct next_hop *hop = find(q, route);
    if (hop)
        return hop;
    hop = xcalloc(1, sizeof *hop);
    hop->node.key = route_hash(route);
    TAILQ_INIT(&hop->parked);
    table_add(&q->deliver.by_route, &hop->node);
    TAILQ_INSERT_TAIL(&q->deliver.next_hops, hop, link);
    return hop;
}

static void free_unused(struct queue *q, struct next_hop *hop)
{
    if (hop->jobs > 0 || !TAILQ_EMPTY(&hop->parked))
        return;
    table_remove(&q->deliver.by_route, &hop->node);
    TAILQ_REMOVE(&q->deliver.next_hops, hop, link);
    free(hop);
}

static bool has_room(const struct queue *q, const struct next_hop *hop)
{
    return hop->jobs < deliver_jobs_per_hop(q->settings->deliver_connections) &&
           hop->bytes < DELIVER_BYTES_PER_HOP;
}

bool next_hop_has_room(const struct queue *q, const struct route *route)
{
    const struct next_hop *hop = find(q, route);
    return !hop || has_room(q, hop);
}

static void unpark(struct next_hop *hop, struct message *m)
{
    TAILQ_REMOVE(&hop->parked, m, link);
    m->next_hop = NULL;
}

static void wake(struct queue *q, struct next_hop *hop)
{
    struct message *m = TAILQ_FIRST(&hop->parked);
    if (m && has_room(q, hop)) {
        unpark(hop, m);
        lane_add(q, m);
    }
    free_unused(q, hop);
}

void next_hop_take(struct queue *q, struct message *m, const struct route *route)
{
    struct next_hop *hop = m->next_hop = find_or_add(q, route);
    hop->jobs++;
    hop->bytes += m->body.length;
}

void next_hop_release(struct queue *q, struct message *m)
{
    struct next_hop *hop = m->next_hop;
    m->next_hop = NULL;
    hop->jobs--;
    hop->bytes -= m->body.length;
    wake(q, hop);
}

void next_hop_park(struct queue *q, struct message *m, const struct route *route)
{
    struct next_hop *hop = m->next_hop = find_or_add(q, route);
    struct message *first = TAILQ_FIRST(&hop->parked);
    if (first && m->due < first->due) /* it was woken, but another one took its place */
        TAILQ_INSERT_HEAD(&hop->parked, m, link);
    else
        TAILQ_INSERT_TAIL(&hop->parked, m, link);
}

void next_hop_leave(struct queue *q, struct message *m)
{
    struct next_hop *hop = m->next_hop;
    unpark(hop, m);
    free_unused(q, hop);
}

void next_hop_wake(struct queue *q, const struct route *route)
{
    struct next_hop *hop = find(q, route);
    if (hop)
        wake(q, hop);
}

void next_hop_wake_all(struct queue *q)
{
    for (struct next_hop *hop = TAILQ_FIRST(&q->deliver.next_hops), *next; hop; hop = next) {
        next = TAILQ_NEXT(hop, link);
        for (struct message *m; (m = TAILQ_FIRST(&hop->parked));) {
            unpark(hop, m);
            lane_add(q, m);
        }
        free_unused(q, hop);
    }
}
