/* Reading what rspamd says: points, what it would do, and the names of its symbols. */
#include "engine/peers/rspamd_reply.h"

#include <jansson.h>

/* What it does with mail that it holds to be spam. */
static bool is_spam_action(const char *action)
{
    static const char *const actions[] = {"reject", "add header", "rewrite subject", "quarantine", "discard"};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(action, actions[i]) == 0)
            return true;
    return false;
}

/* Symbols of no points are notes about the message, of which there are many. */
static void read_symbols(json_t *object, struct buf *symbols)
{
    const char *name;
    json_t *symbol;
    json_object_foreach (object, name, symbol)
        if (json_number_value(json_object_get(symbol, "score")) != 0)
            peer_symbols_add(symbols, span_text(name));
}

static bool read_reply(json_t *reply, struct buf *symbols, struct peer_verdict *verdict)
{
    json_t *score = json_object_get(reply, "score");
    const char *action = json_string_value(json_object_get(reply, "action"));
    if (!json_is_number(score) || !action)
        return false;
    read_symbols(json_object_get(reply, "symbols"), symbols);
    /* It skips the rest of its work, too, once it is sure that mail is spam. */
    bool spam = is_spam_action(action), skipped = json_is_true(json_object_get(reply, "is_skipped"));
    *verdict = (struct peer_verdict){
        .state = skipped && !spam ? PEER_SKIPPED : PEER_ANSWERED,
        .spam = spam,
        .points = peer_points(json_number_value(score)),
        .required = peer_points(json_number_value(json_object_get(reply, "required_score"))),
        .symbols = buf_span(symbols),
    };
    return true;
}

bool rspamd_reply_parse(struct span json, struct buf *symbols, struct peer_verdict *verdict)
{
    buf_clear(symbols);
    json_t *reply = json_loadb(json.p, json.n, 0, NULL);
    bool good = reply && read_reply(reply, symbols, verdict);
    json_decref(reply);
    return good;
}
