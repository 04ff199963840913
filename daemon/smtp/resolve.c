/* Looking up next hops: first the MX records, then the addresses of all exchanges side by side. */
#include "daemon/smtp/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/net.h"
#include "daemon/smtp/dns.h"
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/address.h"

enum {
    BUCKETS = 1024,
    KEPT_MAX = 2048, /* lookups that are over */
    TTL_MOST = 86400,
    NEGATIVE_SECONDS = 60, /* "there is none" is believed so long; RFC 2308 would allow hours */
    FAILURE_SECONDS = 5,   /* an answer is missing: a burst of mail for a sick domain asks once */
};

enum outcome {
    RESOLVED,
    BAD_NAME,
    NO_DOMAIN,
    NO_EXCHANGE,
    NULL_MX,
    DEAD_EXCHANGES,
    NO_ADDRESS,
    NO_ANSWER,
};

static const struct {
    const char *enhanced;
    const char *before, *after; /* the host */
} outcomes[] = {
    [RESOLVED] = {"", "", ""},
    [BAD_NAME] = {"5.1.2", "no valid domain name: ", ""},
    [NO_DOMAIN] = {"5.1.2", "there is no domain ", ""},
    [NO_EXCHANGE] = {"5.1.2", "neither a mail exchanger nor an address for the domain ", ""},
    [NULL_MX] = {"5.1.10", "no mail is taken by the domain ", " (null MX)"},
    [DEAD_EXCHANGES] = {"5.4.4", "no mail exchanger has an address for the domain ", ""},
    [NO_ADDRESS] = {"5.4.4", "no address of the next hop ", ""},
    [NO_ANSWER] = {"4.4.3", "no answer of the name servers for ", ""},
};

struct waiter {
    STAILQ_ENTRY(waiter) link;
    void (*done)(void *context, const struct resolution *resolution);
    void *context;
};

struct lookup {
    LIST_ENTRY(lookup) bucket;
    TAILQ_ENTRY(lookup) kept;
    char *host;
    bool mx, over;
    int64_t expires; /* clock_mono_us(), when over */
    STAILQ_HEAD(, waiter) waiters;

    unsigned pending; /* queries */
    struct exchange {
        struct lookup *lookup;
        uint16_t preference;
    } exchanges[DNS_RECORDS_MAX]; /* those of MX records, or the host itself */
    bool has_exchanges;           /* there are MX records */
    bool no_name, failed;         /* what queries have said */
    uint32_t ttl;

    enum outcome outcome;
    struct destination destination;
    struct buf text; /* why there is none */
};

static LIST_HEAD(, lookup) buckets[BUCKETS];
static TAILQ_HEAD(lookup_list, lookup) kept = TAILQ_HEAD_INITIALIZER(kept);
static size_t kept_count;

/* The table */

static size_t bucket_of(struct span host)
{
    uint32_t hash = 2166136261; /* FNV-1a; a flood of collisions costs KEPT_MAX comparisons at most */
    for (size_t i = 0; i < host.n; i++)
        hash = (hash ^ (unsigned char)ascii_lower(host.p[i])) * 16777619;
    return hash % BUCKETS;
}

static void forget(struct lookup *l)
{
    TAILQ_REMOVE(&kept, l, kept);
    kept_count--;
    LIST_REMOVE(l, bucket);
    buf_free(&l->text);
    free(l->host);
    free(l);
}

/* NULL when it is not known (any more). */
static struct lookup *find(struct span host, bool mx)
{
    struct lookup *l;
    LIST_FOREACH (l, &buckets[bucket_of(host)], bucket)
        if (l->mx == mx && span_equal_nocase(span_text(l->host), host))
            break;
    if (l && l->over && l->expires <= clock_mono_us()) {
        forget(l);
        return NULL;
    }
    return l;
}

static void keep(struct lookup *l)
{
    int64_t seconds = l->failed                ? FAILURE_SECONDS
                      : l->outcome != RESOLVED ? NEGATIVE_SECONDS
                      : l->ttl < TTL_MOST      ? l->ttl
                                               : TTL_MOST;
    l->over = true;
    l->expires = clock_mono_us() + seconds * 1000000;
    TAILQ_INSERT_TAIL(&kept, l, kept);
    if (++kept_count > KEPT_MAX)
        forget(TAILQ_FIRST(&kept));
}

/* The end */

static void tell(const struct lookup *l, void (*done)(void *context, const struct resolution *resolution),
                 void *context)
{
    const struct resolution resolution = {
        .destination = l->outcome == RESOLVED ? &l->destination : NULL,
        .enhanced = span_text(outcomes[l->outcome].enhanced),
        .text = buf_span(&l->text),
    };
    done(context, &resolution);
}

static void finish(struct lookup *l, enum outcome outcome)
{
    l->outcome = outcome;
    if (outcome != RESOLVED)
        buf_printf(&l->text, "%s%s%s", outcomes[outcome].before, l->host, outcomes[outcome].after);
    for (struct waiter *w; (w = STAILQ_FIRST(&l->waiters));) {
        STAILQ_REMOVE_HEAD(&l->waiters, link);
        tell(l, w->done, w->context);
        free(w);
    }
    keep(l);
}

/* What is unsure is asked again; only what the name servers are sure of is for ever. */
static enum outcome judge(const struct lookup *l)
{
    if (l->destination.count > 0)
        return RESOLVED;
    if (l->failed)
        return NO_ANSWER;
    if (l->has_exchanges)
        return DEAD_EXCHANGES;
    if (!l->mx)
        return NO_ADDRESS;
    return l->no_name ? NO_DOMAIN : NO_EXCHANGE;
}

static void query_done(struct lookup *l)
{
    if (--l->pending == 0)
        finish(l, judge(l));
}

/* The queries */

/* True when it has records. */
static bool take_status(struct lookup *l, const struct dns_answer *answer)
{
    l->failed |= answer->status == DNS_FAILED;
    l->no_name |= answer->status == DNS_NO_NAME;
    if (answer->status == DNS_FOUND && answer->ttl < l->ttl)
        l->ttl = answer->ttl;
    return answer->status == DNS_FOUND;
}

static void on_addresses(const struct exchange *x, int family, const struct dns_answer *answer)
{
    if (take_status(x->lookup, answer))
        for (uint32_t i = 0; i < answer->count; i++)
            destination_add(&x->lookup->destination, x->preference, family, answer->records[i].address);
    query_done(x->lookup);
}

static void on_a(void *context, const struct dns_answer *answer)
{
    on_addresses(context, AF_INET, answer);
}

static void on_aaaa(void *context, const struct dns_answer *answer)
{
    on_addresses(context, AF_INET6, answer);
}

static void ask_addresses(struct lookup *l, uint32_t index, uint16_t preference, const char *name)
{
    struct exchange *x = &l->exchanges[index];
    *x = (struct exchange){l, preference};
    l->pending += 2;
    dns_query(name, DNS_A, on_a, x);
    dns_query(name, DNS_AAAA, on_aaaa, x);
}

static void ask_exchanges(struct lookup *l, const struct dns_answer *answer)
{
    l->has_exchanges = true;
    l->destination.best = answer->records[0].preference;
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct dns_record *r = &answer->records[i];
        if (smtp_domain_is_valid(span_text(r->name)))
            ask_addresses(l, i, r->preference, r->name);
    }
}

/* Without an answer about MX records the addresses must not be asked for: they may be a web server's. */
static void on_mx(void *context, const struct dns_answer *answer)
{
    struct lookup *l = context;
    if (take_status(l, answer)) {
        if (answer->count == 1 && answer->records[0].name[0] == '\0') {
            finish(l, NULL_MX);
            return;
        }
        ask_exchanges(l, answer);
    } else if (answer->status == DNS_NO_RECORDS) {
        ask_addresses(l, 0, 0, l->host);
    }
    query_done(l);
}

static void start(struct lookup *l)
{
    if (!smtp_domain_is_valid(span_text(l->host))) {
        finish(l, BAD_NAME);
    } else if (l->mx) {
        l->pending = 1;
        dns_query(l->host, DNS_MX, on_mx, l);
    } else {
        l->pending = 1; /* that it does not end before both were asked */
        ask_addresses(l, 0, 0, l->host);
        query_done(l);
    }
}

static bool is_literal(struct span host, struct destination *destination)
{
    struct sockaddr_storage address;
    socklen_t size;
    if (!net_parse_host(host, 0, &address, &size))
        return false;
    *destination = (struct destination){0};
    if (address.ss_family == AF_INET6)
        destination_add(destination, 0, AF_INET6, &((struct sockaddr_in6 *)(void *)&address)->sin6_addr);
    else
        destination_add(destination, 0, AF_INET, &((struct sockaddr_in *)(void *)&address)->sin_addr);
    return destination->count > 0;
}

void resolve_host(struct span host, bool mx, void (*done)(void *context, const struct resolution *resolution),
                  void *context)
{
    struct destination literal;
    if (is_literal(host, &literal)) {
        done(context, &(struct resolution){.destination = &literal});
        return;
    }
    struct lookup *l = find(host, mx);
    if (l && l->over) {
        tell(l, done, context);
        return;
    }
    struct waiter *w = xcalloc(1, sizeof *w);
    *w = (struct waiter){.done = done, .context = context};
    if (l) {
        STAILQ_INSERT_TAIL(&l->waiters, w, link);
        return;
    }
    l = xcalloc(1, sizeof *l);
    l->host = xmemdup0(host.p, host.n);
    l->mx = mx;
    l->ttl = UINT32_MAX;
    STAILQ_INIT(&l->waiters);
    STAILQ_INSERT_TAIL(&l->waiters, w, link);
    LIST_INSERT_HEAD(&buckets[bucket_of(host)], l, bucket);
    start(l);
}
