/* Messages in memory. */
#include "daemon/queue/message.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

static struct span put_text(char **at, struct span s)
{
    struct span copy = {*at, s.n};
    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

struct message *message_copy(const struct message *m, const uint32_t *rids, uint32_t rid_count)
{
    uint32_t count = rids ? rid_count : m->recipient_count;
    size_t text = m->sender.n + m->helo.n + m->client_ip.n + m->message_id.n + m->envelope_id.n;
    for (uint32_t i = 0; i < count; i++) {
        const struct recipient *r = rids ? message_recipient(m, rids[i]) : &m->recipients[i];
        text += r->address.n + r->original.n;
    }
    struct message *copy = xmalloc(sizeof *copy + count * sizeof(struct recipient) + text);
    *copy = *m;
    copy->recipients = (struct recipient *)(copy + 1);
    copy->recipient_count = count;
    char *at = (char *)(copy->recipients + count);
    for (uint32_t i = 0; i < count; i++) {
        copy->recipients[i] = *(rids ? message_recipient(m, rids[i]) : &m->recipients[i]);
        copy->recipients[i].address = put_text(&at, copy->recipients[i].address);
        copy->recipients[i].original = put_text(&at, copy->recipients[i].original);
    }
    copy->sender = put_text(&at, m->sender);
    copy->helo = put_text(&at, m->helo);
    copy->client_ip = put_text(&at, m->client_ip);
    copy->message_id = put_text(&at, m->message_id);
    copy->envelope_id = put_text(&at, m->envelope_id);
    copy->edits = (struct span){0};
    message_set_edits(copy, m->edits);
    copy->host = (struct span){0};
    message_set_host(copy, m->host);
    copy->peers = (struct span){0};
    message_set_peers(copy, m->peers);
    copy->at_peers = false;
    copy->hand = HAND_QUEUE;
    copy->heap_index = 0;
    copy->next_hop = NULL;
    copy->bytes = NULL;
    return copy;
}

void message_free(struct message *m)
{
    if (!m)
        return;
    free(m->bytes);
    free((char *)m->edits.p);
    free((char *)m->host.p);
    free((char *)m->peers.p);
    free(m);
}

struct recipient *message_recipient(const struct message *m, uint32_t rid)
{
    uint32_t low = 0, high = m->recipient_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->recipients[middle].rid < rid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->recipient_count && m->recipients[low].rid == rid ? &m->recipients[low] : NULL;
}

void message_remove_ended(struct message *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->recipient_count; i++)
        if (!m->recipients[i].ended)
            m->recipients[kept++] = m->recipients[i];
    m->recipient_count = kept;
}

/* A text with memory of its own. */
static void set_text(struct span *text, struct span value)
{
    free((char *)text->p);
    *text = (struct span){value.n ? xmemdup0(value.p, value.n) : NULL, value.n};
}

void message_set_edits(struct message *m, struct span edits)
{
    set_text(&m->edits, edits);
}

void message_set_host(struct message *m, struct span host)
{
    set_text(&m->host, host);
}

void message_set_peers(struct message *m, struct span peers)
{
    set_text(&m->peers, peers);
}

void message_update_due(struct message *m, int64_t latest)
{
    m->due = latest;
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        struct recipient *r = &m->recipients[i];
        if (r->next_try > latest)
            r->next_try = latest;
        if (r->next_try < m->due)
            m->due = r->next_try;
    }
}
