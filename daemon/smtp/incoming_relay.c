/* Incoming relays: the one with the fewest addresses that has the client counts, of equal ones the first by name. */
#include "daemon/smtp/incoming_relay.h"

#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/role_config.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/address_range.h"

/* Those of the running revision, in the order in which they count. */
static struct relay {
    struct smtp_address_range range;
    const struct schema_row *row;
} * relays;
static size_t count;

static int narrower_first(const void *a, const void *b)
{
    const struct relay *x = a, *y = b;
    int order = smtp_address_range_compare_size(&x->range, &y->range);
    struct span p = schema_row_key(x->row), q = schema_row_key(y->row);
    if (order == 0)
        order = memcmp(p.p, q.p, p.n < q.n ? p.n : q.n);
    return order ? order : (p.n > q.n) - (p.n < q.n);
}

static void forget_all(void)
{
    for (size_t i = 0; i < count; i++)
        schema_row_unref(relays[i].row);
    free(relays);
    relays = NULL;
    count = 0;
}

static bool is_enabled(void)
{
    const struct schema_row *row = config_table_single(role_config()->tables[SCHEMA_INCOMING_RELAY]);
    return row && schema_row_number(row, INCOMING_RELAY_ENABLED);
}

void incoming_relay_follow_config(void)
{
    const struct config_table *table = role_config()->tables[SCHEMA_INCOMING_RELAYS];
    forget_all();
    if (!is_enabled())
        return;
    relays = xcalloc(config_table_count(table), sizeof *relays);
    struct config_cursor c = config_table_start(table);
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        struct relay *r = &relays[count++];
        smtp_address_range_parse(schema_row_text(row, INCOMING_RELAYS_ADDRESS), &r->range); /* was checked */
        r->row = schema_row_ref(row);
    }
    if (count)
        qsort(relays, count, sizeof *relays, narrower_first);
}

static const struct schema_row *find_relay(struct span client_ip)
{
    struct in6_addr client;
    if (count == 0 || !smtp_ip_parse(client_ip, &client))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (smtp_address_range_has(&relays[i].range, &client))
            return relays[i].row;
    return NULL;
}

/* Empty: a Received header is looked at. */
static struct span custom_header(const struct schema_row *relay)
{
    return schema_header_name(schema_row_text(relay, INCOMING_RELAYS_CUSTOM_HEADER));
}

static struct span header_name(const struct schema_row *relay)
{
    struct span custom = custom_header(relay);
    return custom.n ? custom : SPAN("Received");
}

void incoming_relay_begin(struct mail *m)
{
    const struct schema_row *relay = find_relay(span_text(m->session->client_ip));
    if (!relay)
        return;
    m->relay = schema_row_ref(relay);
    struct buf name = {0};
    buf_append_span(&name, header_name(relay));
    buf_append_char(&name, ':');
    m->capture.wanted_name = arena_dup(m->arena, buf_span(&name));
    m->capture.wanted_nth =
        custom_header(relay).n ? 1 : (uint32_t)schema_row_number(relay, INCOMING_RELAYS_HOP);
    buf_free(&name);
}

void incoming_relay_end(struct mail *m)
{
    struct in6_addr address;
    if (!m->relay)
        return;
    struct span name = schema_row_key(m->relay), value = buf_span(&m->capture.wanted);
    if (!m->capture.wanted_found) {
        LOG(RELAY_NO_HEADER, LOG_U(m->mid), LOG_S(name), LOG_S(header_name(m->relay)));
    } else if (!smtp_ip_find(value, schema_row_text(m->relay, INCOMING_RELAYS_RECEIVED_AFTER), &address)) {
        LOG(RELAY_NO_ADDRESS, LOG_U(m->mid), LOG_S(name));
    } else {
        smtp_ip_print(&address, m->sender_ip);
        LOG(RELAY_FOUND, LOG_U(m->mid), LOG_S(name), LOG_S(header_name(m->relay)), LOG_T(m->sender_ip));
    }
}
