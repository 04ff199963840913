/* What waits for each domain of recipients, and what became of its mail: for `tophosts` and `hoststatus`.
 *
 * A domain is known while mail for it waits, and afterwards as long as it is among the 4,096 used last: so this takes no
 * more memory than the queue itself, whatever addresses are made up.  It begins anew with the process.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { IDLE_MOST = 4096 };

struct host {
    struct table_node node; /* key: hash of the name; by a chance of 2^-64 two share one */
    TAILQ_ENTRY(host) all;
    TAILQ_ENTRY(host) idle; /* while nothing waits */
    uint64_t figures[HOST_ORDER_COUNT];
    int64_t failed;
    char *failure;
    size_t name_length;
    char name[]; /* in lower case */
};

static struct span domain_of(struct span address)
{
    size_t at = address.n;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    return span_slice(address, at, address.n);
}

/* Nobody outside knows the seed, so nobody can choose names that meet in one bucket. */
static uint64_t hash_of(struct span name)
{
    static uint64_t seed;
    if (!seed)
        seed = (uint64_t)clock_wall_us() * UINT64_C(0x9e3779b97f4a7c15) | 1;
    uint64_t hash = UINT64_C(14695981039346656037) ^ seed;
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ (unsigned char)ascii_lower(name.p[i])) * UINT64_C(1099511628211);
    return hash;
}

static struct host *find(const struct queue *q, struct span name)
{
    return TABLE_ENTRY(table_find(&q->hosts.by_name, hash_of(name)), struct host, node);
}

static void free_oldest(struct queue *q)
{
    struct host *h = TAILQ_FIRST(&q->hosts.idle);
    TAILQ_REMOVE(&q->hosts.idle, h, idle);
    TAILQ_REMOVE(&q->hosts.all, h, all);
    q->hosts.idle_count--;
    table_remove(&q->hosts.by_name, &h->node);
    free(h->failure);
    free(h);
}

static void enter_idle(struct queue *q, struct host *h)
{
    TAILQ_INSERT_TAIL(&q->hosts.idle, h, idle);
    if (++q->hosts.idle_count > IDLE_MOST)
        free_oldest(q);
}

static void leave_idle(struct queue *q, struct host *h)
{
    TAILQ_REMOVE(&q->hosts.idle, h, idle);
    q->hosts.idle_count--;
}

/* In no list of idle ones: the caller puts it there when nothing waits. */
static struct host *use(struct queue *q, struct span name)
{
    struct host *h = find(q, name);
    if (h) {
        if (h->figures[HOST_ACTIVE] == 0)
            leave_idle(q, h);
        return h;
    }
    h = xcalloc(1, sizeof *h + name.n);
    h->node.key = hash_of(name);
    h->name_length = name.n;
    for (size_t i = 0; i < name.n; i++)
        h->name[i] = ascii_lower(name.p[i]);
    table_add(&q->hosts.by_name, &h->node);
    TAILQ_INSERT_TAIL(&q->hosts.all, h, all);
    return h;
}

void hosts_waits(struct queue *q, struct span address, int sign)
{
    struct host *h = use(q, domain_of(address));
    h->figures[HOST_ACTIVE] += (uint64_t)sign;
    if (h->figures[HOST_ACTIVE] == 0)
        enter_idle(q, h);
}

void hosts_count(struct queue *q, struct span address, enum host_order what, struct span reply)
{
    struct host *h = use(q, domain_of(address));
    h->figures[what]++;
    if (what == HOST_HARD) {
        struct span kept = span_slice(reply, 0, HOST_REPLY_MOST);
        free(h->failure);
        h->failure = xmemdup0(kept.p, kept.n);
        h->failed = clock_wall_us();
    }
    if (h->figures[HOST_ACTIVE] == 0)
        enter_idle(q, h);
}

/* ---- answers ---- */

/* A message that goes to several domains counts for the one by which its way was chosen. */
static void count_out(struct queue *q)
{
    struct host *h;
    const struct message *m;
    TAILQ_FOREACH (h, &q->hosts.all, all)
        h->figures[HOST_OUT] = 0;
    TAILQ_FOREACH (m, &q->deliver.in_hand, link) {
        h = find(q, domain_of(lane_recipient(m)->address));
        if (h)
            h->figures[HOST_OUT]++;
    }
}

/* Puts h into its place among the first; returns how many there are then. */
static uint32_t place(const struct host *first[HOST_ROWS_MOST], uint32_t count, const struct host *h,
                      enum host_order order)
{
    uint32_t at = count;
    while (at > 0 && first[at - 1]->figures[order] < h->figures[order])
        at--;
    if (at == HOST_ROWS_MOST)
        return count;
    count += count < HOST_ROWS_MOST;
    memmove(&first[at + 1], &first[at], (count - at - 1) * sizeof *first);
    first[at] = h;
    return count;
}

static void put_host(struct buf *out, const struct host *h)
{
    struct host_row row = {.name = span_of(h->name, h->name_length), .failed = h->failed};
    memcpy(row.figures, h->figures, sizeof row.figures);
    if (h->failure)
        row.failure = span_text(h->failure);
    host_row_put(out, &row);
}

void hosts_request(struct queue *q, struct wire_reader *in)
{
    const struct host *first[HOST_ROWS_MOST], *h;
    struct buf body = {0};
    uint32_t id = wire_get_u32(in), count = 0;
    uint8_t order = wire_get_u8(in);
    struct span name = wire_get_span(in);
    in->failed |= order >= HOST_ORDER_COUNT;
    if (in->failed)
        return;
    count_out(q);
    if (name.n && (h = find(q, name)))
        first[count++] = h;
    if (!name.n)
        TAILQ_FOREACH (h, &q->hosts.all, all)
            count = place(first, count, h, order);
    wire_put_u32(&body, id);
    wire_put_u32(&body, count);
    for (uint32_t i = 0; i < count; i++)
        put_host(&body, first[i]);
    role_send(ROLE_CONTROL, MSG_HOSTS_REPLY, buf_span(&body), -1);
    buf_free(&body);
}
