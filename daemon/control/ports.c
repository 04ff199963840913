/* The ports of listeners, on their way to the master and back. */
#include "daemon/control/ports.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/control/head.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

static struct config_tree *next; /* that is being prepared, and has other listeners than the head; or NULL */
static uint64_t asked;           /* id of the latest request */
static enum ports_state state = PORTS_DONE;
static struct error refusal;

/* What one revision listens on. */
enum { WANTED_MAX = LISTENERS_MAX + SPAMD_TCP_MAX + 1 };
struct wanted {
    struct port_wanted ports[2 * WANTED_MAX]; /* room for those of two */
    uint32_t count;
};

static const struct config_table *table_of(const struct config_tree *tree, enum schema_table_id id)
{
    return config_resolve(tree, head_place(), id, NULL);
}

static bool same_ports(const struct config_tree *a, const struct config_tree *b)
{
    return config_table_equal(table_of(a, SCHEMA_LISTENERS), table_of(b, SCHEMA_LISTENERS)) &&
           config_table_equal(table_of(a, SCHEMA_SPAMD_SERVICE), table_of(b, SCHEMA_SPAMD_SERVICE));
}

static void add_listeners(struct wanted *w, const struct config_tree *tree)
{
    struct config_cursor c = config_table_start(table_of(tree, SCHEMA_LISTENERS));
    for (const struct schema_row *row; (row = config_table_next(&c));)
        w->ports[w->count++] =
            (struct port_wanted){schema_row_key(row), schema_row_text(row, LISTENERS_ADDRESS),
                                 (uint16_t)schema_row_number(row, LISTENERS_PORT), ROLE_SMTP};
}

/* No listener has such a name. */
static const struct span spamd_name = SPAN("(spamd)");

static void add_spamd(struct wanted *w, const struct config_tree *tree)
{
    const struct schema_row *row = config_table_single(table_of(tree, SCHEMA_SPAMD_SERVICE));
    struct span list = schema_row_text(row, SPAMD_TCP);
    struct schema_socket at;
    if (!schema_row_number(row, SPAMD_ENABLED))
        return;
    while (schema_socket_next(&list, &at) == SCHEMA_NEXT_GOOD)
        w->ports[w->count++] = (struct port_wanted){spamd_name, at.address, at.port, ROLE_SPAMD};
    if (schema_row_number(row, SPAMD_SOCKET))
        w->ports[w->count++] = (struct port_wanted){spamd_name, SPAN(PORT_UNIX), 0, ROLE_SPAMD};
}

static void add_ports(struct wanted *w, const struct config_tree *tree)
{
    add_listeners(w, tree);
    add_spamd(w, tree);
}

static void ask(void)
{
    struct wanted w = {.count = 0};
    struct buf body = {0};
    if (next)
        add_ports(&w, next);
    add_ports(&w, head_tree());
    const struct ports_request request = {
        .id = ++asked, .running = !next, .ports = w.ports, .count = w.count};
    ports_request_put(&body, &request);
    role_send(ROLE_MASTER, MSG_PORTS, buf_span(&body), -1);
    buf_free(&body);
    state = PORTS_WAITING;
}

void ports_start(void)
{
    ask();
}

void ports_prepare(struct config_tree *tree)
{
    if (same_ports(tree, head_tree()))
        return;
    next = config_tree_ref(tree);
    ask();
}

void ports_follow_head(void)
{
    if (!next)
        return;
    config_tree_unref(next);
    next = NULL;
    ask();
}

static bool same_port(const struct port_wanted *a, const struct port_wanted *b)
{
    return a->role == b->role && a->port == b->port && span_equal(a->address, b->address);
}

/* One that the head has may be as it is: it is tried again and must not keep other changes away. */
static bool is_new(const struct port_wanted *port)
{
    struct wanted w = {.count = 0};
    add_ports(&w, head_tree());
    for (uint32_t i = 0; i < w.count; i++)
        if (same_port(&w.ports[i], port))
            return false;
    return true;
}

static void refuse(const struct port_wanted *port, struct span why)
{
    char who[80] = "spamd";
    if (port->role == ROLE_SMTP)
        snprintf(who, sizeof who, "listener '%.*s'", (int)port->name.n, port->name.p);
    state = PORTS_REFUSED;
    error_set(&refusal, "%s cannot listen on %.*s port %u: %.*s", who, (int)port->address.n, port->address.p,
              port->port, (int)why.n, why.p);
}

/* The answer has a reason for each port, in the order of the request. */
static void take_reasons(struct wire_reader *in)
{
    struct wanted w = {.count = 0};
    add_ports(&w, next);
    for (uint32_t i = 0; i < w.count; i++) {
        struct span why = wire_get_span(in);
        if (why.n && state != PORTS_REFUSED && is_new(&w.ports[i]))
            refuse(&w.ports[i], why);
    }
}

void ports_answer(struct wire_reader *in)
{
    uint64_t id = wire_get_u64(in);
    wire_get_u32(in);
    if (in->failed || id != asked)
        return;
    state = PORTS_DONE;
    if (next)
        take_reasons(in);
}

enum ports_state ports_state(const char **why)
{
    *why = refusal.text;
    return state;
}
