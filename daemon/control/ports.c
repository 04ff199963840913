/* The ports of listeners, on their way to the master and back. */
#include "daemon/control/ports.h"

#include <stdlib.h>

#include "daemon/control/head.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

static struct config_tree *next; /* that is being prepared, and has other listeners than the head; or NULL */
static uint64_t asked;           /* id of the latest request */
static enum ports_state state = PORTS_DONE;
static struct error refusal;

static const struct config_table *listeners_of(const struct config_tree *tree)
{
    return config_resolve(tree, head_place(), SCHEMA_LISTENERS, NULL);
}

static struct port_wanted port_of(const struct schema_row *row)
{
    return (struct port_wanted){schema_row_key(row), schema_row_text(row, LISTENERS_ADDRESS),
                                (uint16_t)schema_row_number(row, LISTENERS_PORT)};
}

static void add_ports(struct ports_request *request, struct port_wanted *ports,
                      const struct config_table *from)
{
    struct config_cursor c = config_table_start(from);
    for (const struct schema_row *row; (row = config_table_next(&c));)
        ports[request->count++] = port_of(row);
}

static void ask(void)
{
    struct port_wanted ports[2 * LISTENERS_MAX];
    struct ports_request request = {.id = ++asked, .running = !next, .ports = ports};
    struct buf body = {0};
    if (next)
        add_ports(&request, ports, listeners_of(next));
    add_ports(&request, ports, listeners_of(head_tree()));
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
    if (config_table_equal(listeners_of(tree), listeners_of(head_tree())))
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

/* One that the head has may be as it is: it is tried again and must not keep other changes away. */
static bool is_new(const struct port_wanted *port)
{
    struct config_cursor c = config_table_start(listeners_of(head_tree()));
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        struct port_wanted old = port_of(row);
        if (old.port == port->port && span_equal(old.address, port->address))
            return false;
    }
    return true;
}

static void take_reasons(struct wire_reader *in)
{
    struct config_cursor c = config_table_start(listeners_of(next));
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        struct port_wanted port = port_of(row);
        struct span why = wire_get_span(in);
        if (why.n == 0 || state == PORTS_REFUSED || !is_new(&port))
            continue;
        state = PORTS_REFUSED;
        error_set(&refusal, "listener '%.*s' cannot listen on %.*s port %u: %.*s", (int)port.name.n,
                  port.name.p, (int)port.address.n, port.address.p, port.port, (int)why.n, why.p);
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
