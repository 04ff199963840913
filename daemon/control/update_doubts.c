/* What was refused or put off, one for each component: a server has one package of each. */
#include "daemon/control/update_doubts.h"

#include <stdio.h>

#include "engine/base/clock.h"

enum { FIRST_MINUTES = 10, MOST_MINUTES = 24 * 60 };
#define MINUTE_US (60 * INT64_C(1000000))

static struct doubt {
    char sha256[PACKAGE_SHA256_HEX + 1]; /* of the file; empty: none */
    struct error why;
    unsigned minutes; /* that it waits; 0: for good */
    int64_t since;    /* wall */
} doubts[PACKAGE_COMPONENT_COUNT];

static bool is_about(const struct doubt *d, const struct package_offer *offer)
{
    return span_equal(offer->sha256, span_text(d->sha256));
}

/* The doubt about this file, which may be a new one. */
static struct doubt *doubt_of(const struct package_offer *offer, const char *why)
{
    struct doubt *d = &doubts[package_component_find(offer->name)];
    if (!is_about(d, offer))
        *d = (struct doubt){.minutes = 0};
    snprintf(d->sha256, sizeof d->sha256, "%.*s", (int)offer->sha256.n, offer->sha256.p);
    error_set(&d->why, "%.*s %s", (int)offer->file.n, offer->file.p, why);
    d->since = clock_wall_us();
    return d;
}

void update_doubts_refuse(const struct package_offer *offer, const char *why)
{
    doubt_of(offer, why)->minutes = 0;
}

unsigned update_doubts_delay(const struct package_offer *offer, const char *why)
{
    struct doubt *d = doubt_of(offer, why);
    d->minutes = d->minutes ? d->minutes * 2 : FIRST_MINUTES;
    if (d->minutes > MOST_MINUTES)
        d->minutes = MOST_MINUTES;
    return d->minutes;
}

void update_doubts_clear(const struct package_offer *offer)
{
    doubts[package_component_find(offer->name)] = (struct doubt){.minutes = 0};
}

const char *update_doubts_about(const struct package_offer *offer)
{
    const struct doubt *d = &doubts[package_component_find(offer->name)];
    int64_t waited = clock_wall_us() - d->since;
    if (!is_about(d, offer) || (d->minutes && (waited < 0 || waited >= d->minutes * MINUTE_US)))
        return NULL;
    return d->why.text;
}
