/* The two ways out, each with its schedule, and which of them a message takes.
 *
 * A route is looked up when a message begins to wait, to know its lane, and again when it is due: so a change of the
 * routes holds from the next try on and costs nothing by itself.
 */
#include "daemon/queue/next_hop.h"
#include "daemon/role.h"

static struct route find_route(const struct queue *q, const struct message *m, const struct recipient *r)
{
    struct route route;
    const struct config_table *routes = role_config()->tables[SCHEMA_SMTPROUTES];
    if (m->host.n)
        route_find_host(routes, m->host, &route);
    else
        route_find(routes, r->address, q->settings->route, &route);
    return route;
}

const struct recipient *lane_recipient(const struct message *m)
{
    const struct recipient *first = &m->recipients[0];
    for (uint32_t i = 1; i < m->recipient_count; i++)
        if (m->recipients[i].next_try < first->next_try)
            first = &m->recipients[i];
    return first;
}

struct route lane_route(const struct queue *q, const struct message *m)
{
    return find_route(q, m, lane_recipient(m));
}

static enum lane lane_of(const struct route *route)
{
    return route->kind == ROUTE_SMTP ? LANE_SMTP : LANE_LOCAL;
}

static void add(struct queue *q, struct message *m, enum lane lane)
{
    m->lane = lane;
    schedule_add(&q->deliver.lanes[lane], m);
}

void lane_add(struct queue *q, struct message *m)
{
    struct route route = lane_route(q, m);
    add(q, m, lane_of(&route));
}

void lane_remove(struct queue *q, struct message *m)
{
    if (m->next_hop)
        next_hop_leave(q, m);
    else
        schedule_remove(&q->deliver.lanes[m->lane], m);
}

bool lane_is_due(const struct queue *q, enum lane lane, int64_t now)
{
    const struct message *m = schedule_first(&q->deliver.lanes[lane]);
    return m && m->due <= now && queue_is_configured() && !(q->suspended.parts & QUEUE_PART_DELIVERY);
}

struct message *lane_first(struct queue *q, enum lane lane, int64_t now, struct route *route)
{
    while (lane_is_due(q, lane, now)) {
        struct message *m = schedule_first(&q->deliver.lanes[lane]);
        *route = lane_route(q, m);
        if (lane_of(route) == lane)
            return m;
        lane_remove(q, m);
        add(q, m, lane_of(route));
    }
    return NULL;
}

/* A message may have thousands of recipients and as many destinations, so each one's look-up is done only once. */
bool lane_takes(const struct queue *q, const struct message *m, struct recipient *r, int64_t now,
                const struct route *route)
{
    uint32_t revision = (uint32_t)role_config()->revision;
    if (r->next_try > now || (r->route_lookup == revision && r->route_hash != route_hash(route)))
        return false;
    struct route own = find_route(q, m, r);
    r->route_lookup = revision;
    r->route_hash = route_hash(&own);
    return route_equal(&own, route);
}
