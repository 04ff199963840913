/* Which messages and recipients a query means. */
#include "daemon/queue/select.h"

bool select_place(const struct queue_query *query, const struct message *m)
{
    bool quarantined = m->state == RECIPIENT_QUARANTINE;
    return query->place == QUEUE_PLACE_ANY || quarantined == (query->place == QUEUE_PLACE_QUARANTINE);
}

/* Both are short: a text of the API, and an address or a line of a header. */
static bool contains(struct span in, struct span text)
{
    for (size_t i = 0; i + text.n <= in.n; i++)
        if (span_starts_nocase(span_slice(in, i, text.n), text))
            return true;
    return false;
}

static bool host_is(struct span address, struct span host)
{
    size_t at = address.n;
    while (at > 0 && address.p[at - 1] != '@')
        at--;
    return span_equal_nocase(span_slice(address, at, address.n), host);
}

bool select_recipient(const struct queue_query *query, const struct message *m, struct span subject,
                      const struct recipient *r)
{
    switch (query->match) {
    case QUEUE_MATCH_ALL:
        return true;
    case QUEUE_MATCH_HOST:
        return host_is(r->address, query->text);
    case QUEUE_MATCH_SENDER:
        return span_equal_nocase(m->sender, query->text);
    case QUEUE_MATCH_IN_SENDER:
        return contains(m->sender, query->text);
    case QUEUE_MATCH_IN_RECIPIENTS:
        return contains(r->address, query->text);
    case QUEUE_MATCH_IN_SUBJECT:
        return contains(subject, query->text);
    case QUEUE_MATCH_IN_ANY:
        return contains(m->sender, query->text) || contains(r->address, query->text) ||
               contains(subject, query->text);
    case QUEUE_MATCH_COUNT:
        break;
    }
    return false;
}

bool select_is_busy(const struct message *live)
{
    return live && live->hand != HAND_QUEUE && live->hand != HAND_UNREADABLE;
}
