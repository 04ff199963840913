/* What was refused or put off, one for each component: a server has one package of each. */
#include "daemon/control/update_doubts.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "daemon/control/update_files.h"
#include "engine/base/clock.h"
#include "engine/wire/wire.h"

enum { FIRST_MINUTES = 10, MOST_MINUTES = 24 * 60 };
#define MINUTE_US (60 * INT64_C(1000000))

static struct doubt {
    char sha256[PACKAGE_SHA256_HEX + 1]; /* of the file; empty: none */
    struct error why;
    unsigned minutes; /* that it waits; 0: for good */
    int64_t since;    /* wall */
    bool is_tried;
} doubts[PACKAGE_COMPONENT_COUNT];

static const char kept[] = "doubts"; /* the file */

static void keep(void)
{
    struct buf text = {0};
    wire_put_span(&text, SPAN(PACKAGE_VERSION));
    for (const struct doubt *d = doubts; d < doubts + PACKAGE_COMPONENT_COUNT; d++) {
        wire_put_span(&text, span_text(d->is_tried ? d->sha256 : ""));
        wire_put_span(&text, span_text(d->why.text));
        wire_put_u32(&text, d->minutes);
        wire_put_i64(&text, d->since);
    }
    update_files_keep(kept, buf_span(&text));
    buf_free(&text);
}

static void get_doubt(struct wire_reader *in, struct doubt *d)
{
    struct span sha256 = wire_get_span(in), why = wire_get_span(in);
    snprintf(d->sha256, sizeof d->sha256, "%.*s", (int)sha256.n, sha256.n ? sha256.p : "");
    error_set(&d->why, "%.*s", (int)why.n, why.n ? why.p : "");
    d->minutes = wire_get_u32(in);
    d->since = wire_get_i64(in);
    d->is_tried = sha256.n > 0;
}

void update_doubts_start(void)
{
    struct buf text = {0};
    update_files_recall(kept, &text);
    struct wire_reader in = wire_reader_of(buf_span(&text));
    bool good = span_equal(wire_get_span(&in), SPAN(PACKAGE_VERSION));
    for (struct doubt *d = doubts; good && d < doubts + PACKAGE_COMPONENT_COUNT; d++)
        get_doubt(&in, d);
    if (!good || !wire_reader_done(&in))
        memset(doubts, 0, sizeof doubts);
    buf_free(&text);
}

static bool is_about(const struct doubt *d, const struct package_offer *offer)
{
    return span_equal(offer->sha256, span_text(d->sha256));
}

/* The doubt about this file, which may be a new one. */
static struct doubt *doubt_of(const struct package_offer *offer, const char *why, bool is_tried)
{
    struct doubt *d = &doubts[package_component_find(offer->name)];
    if (!is_about(d, offer))
        *d = (struct doubt){.minutes = 0};
    snprintf(d->sha256, sizeof d->sha256, "%.*s", (int)offer->sha256.n, offer->sha256.p);
    error_set(&d->why, "%.*s %s", (int)offer->file.n, offer->file.p, why);
    d->since = clock_wall_us();
    d->is_tried = is_tried;
    return d;
}

void update_doubts_refuse(const struct package_offer *offer, const char *why, bool is_tried)
{
    doubt_of(offer, why, is_tried)->minutes = 0;
    keep();
}

unsigned update_doubts_delay(const struct package_offer *offer, const char *why)
{
    struct doubt *d = doubt_of(offer, why, true);
    d->minutes = d->minutes ? d->minutes * 2 : FIRST_MINUTES;
    if (d->minutes > MOST_MINUTES)
        d->minutes = MOST_MINUTES;
    keep();
    return d->minutes;
}

void update_doubts_clear(const struct package_offer *offer)
{
    struct doubt *d = &doubts[package_component_find(offer->name)];
    if (!d->sha256[0])
        return;
    *d = (struct doubt){.minutes = 0};
    keep();
}

const char *update_doubts_about(const struct package_offer *offer)
{
    const struct doubt *d = &doubts[package_component_find(offer->name)];
    int64_t waited = clock_wall_us() - d->since;
    if (!is_about(d, offer) || (d->minutes && (waited < 0 || waited >= d->minutes * MINUTE_US)))
        return NULL;
    return d->why.text;
}
