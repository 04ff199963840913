/* Verdicts of peers: their bounds, their wire form, and what they are worth. */
#include "engine/peers/peer.h"

#include <math.h>
#include <stdlib.h>

const char *peer_name(enum peer_id id)
{
    static const char *const names[PEER_COUNT] = {[PEER_RSPAMD] = "rspamd", [PEER_SPAMD] = "spamd"};
    return names[id];
}

const char *peer_state_text(enum peer_state state)
{
    static const char *const texts[PEER_STATE_COUNT] = {
        [PEER_NONE] = "there is none",
        [PEER_ANSWERED] = "answered",
        [PEER_DOWN] = "not asked: it does not answer at present",
        [PEER_TIMED_OUT] = "timed out",
        [PEER_FAILED] = "cannot be connected to",
        [PEER_USELESS] = "gave no usable answer",
        [PEER_SKIPPED] = "skipped the message",
        [PEER_CROWDED] = "not asked: too many messages waited for it",
    };
    return texts[state];
}

int32_t peer_points(double points)
{
    if (isnan(points))
        return 0;
    double most = PEER_POINTS_MOST;
    return (int32_t)lround(fmax(-most, fmin(most, points * 1000)));
}

static bool is_symbol(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = ascii_lower(name.p[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.')
            return false;
    }
    return name.n > 0 && name.n <= PEER_SYMBOL_MOST;
}

void peer_symbols_add(struct buf *symbols, struct span name)
{
    if (!is_symbol(name) || symbols->len + 1 + name.n > PEER_SYMBOLS_MOST)
        return;
    if (symbols->len)
        buf_append_char(symbols, ',');
    buf_append_span(symbols, name);
}

static bool is_symbol_list(struct span list)
{
    bool good = list.n <= PEER_SYMBOLS_MOST;
    while (good && list.n) {
        size_t end = span_find(list, ',');
        good = is_symbol(span_slice(list, 0, end)) && end + 1 != list.n;
        list = span_slice(list, end + 1, list.n);
    }
    return good;
}

/* Straight lines between these points of (points, log-odds), level before the first and after the last. */
struct knot {
    double points, log_odds;
};
enum { KNOTS = 4 };

static const struct knot maps[PEER_COUNT][KNOTS] = {
    [PEER_RSPAMD] = {{-1, -0.5}, {1, -0.3}, {4, 0.0}, {8, 1.5}},
    [PEER_SPAMD] = {{-0.5, -0.5}, {0.5, -0.15}, {2, 0.0}, {8, 2.0}},
};

double peer_log_odds(enum peer_id id, const struct peer_verdict *verdict)
{
    if (verdict->state != PEER_ANSWERED)
        return 0;
    const struct knot *knots = maps[id];
    double points = verdict->points / 1000.0;
    if (points <= knots[0].points)
        return knots[0].log_odds;
    for (unsigned i = 1; i < KNOTS; i++)
        if (points <= knots[i].points) {
            double part = (points - knots[i - 1].points) / (knots[i].points - knots[i - 1].points);
            return knots[i - 1].log_odds + part * (knots[i].log_odds - knots[i - 1].log_odds);
        }
    return knots[KNOTS - 1].log_odds;
}

void peer_verdicts_put(struct buf *out, const struct peer_verdict *verdicts)
{
    for (unsigned i = 0; i < PEER_COUNT; i++) {
        wire_put_u8(out, (uint8_t)verdicts[i].state);
        wire_put_u8(out, verdicts[i].spam);
        wire_put_u32(out, (uint32_t)verdicts[i].points);
        wire_put_u32(out, (uint32_t)verdicts[i].required);
        wire_put_span(out, verdicts[i].symbols);
    }
}

static bool is_points(int32_t points)
{
    return points >= -PEER_POINTS_MOST && points <= PEER_POINTS_MOST;
}

void peer_verdicts_get(struct wire_reader *in, struct peer_verdict *verdicts)
{
    for (unsigned i = 0; i < PEER_COUNT; i++) {
        uint8_t state = wire_get_u8(in), spam = wire_get_u8(in);
        struct peer_verdict v = {.state = state, .spam = spam == 1};
        v.points = (int32_t)wire_get_u32(in);
        v.required = (int32_t)wire_get_u32(in);
        v.symbols = wire_get_span(in);
        in->failed |= state >= PEER_STATE_COUNT || spam > 1 || !is_points(v.points) ||
                      !is_points(v.required) || !is_symbol_list(v.symbols);
        verdicts[i] = v;
    }
}

void peer_points_print(struct buf *out, int32_t points)
{
    int32_t tenths = (abs(points) + 50) / 100;
    buf_printf(out, "%s%d.%d", points < 0 && tenths ? "-" : "", tenths / 10, tenths % 10);
}
