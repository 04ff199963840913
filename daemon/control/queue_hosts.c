/* The method `hosts`: what the queue knows of the mail for domains of recipients. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

/* As enum host_order has them: words of the request, and members of a row. */
static const char *const orders[HOST_ORDER_COUNT] = {"active", "out", "delivered", "hard", "soft"};

static json_t *host_json(const struct host_row *host)
{
    json_t *row = json_pack("{s:o}", "host", queue_text_json(host->name));
    for (int i = 0; i < HOST_ORDER_COUNT; i++)
        json_object_set_new(row, orders[i], json_integer((json_int_t)host->figures[i]));
    json_object_set_new(row, "failed", json_integer((json_int_t)host->failed));
    json_object_set_new(row, "failure", queue_text_json(host->failure));
    return row;
}

static void take_hosts(struct queue_call *call, struct wire_reader *in, int fd)
{
    (void)fd;
    json_t *hosts = json_array();
    for (uint32_t count = wire_get_count(in, 8); count > 0 && !in->failed; count--) {
        struct host_row host;
        host_row_get(in, &host);
        if (!in->failed)
            json_array_append_new(hosts, host_json(&host));
    }
    session_done(call->session, json_pack("{s:o}", "hosts", hosts));
    queue_call_end(call);
}

static const struct queue_call_type hosts_type = {take_hosts, NULL, NULL, NULL};

void queue_hosts(uint64_t session, json_t *request)
{
    const char *word = json_string_value(json_object_get(request, "order"));
    const json_t *host = json_object_get(request, "host");
    uint8_t order = 0;
    while (word && order < HOST_ORDER_COUNT && strcmp(orders[order], word) != 0)
        order++;
    if (order == HOST_ORDER_COUNT) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the order is active, out, delivered, hard or soft, not '%s'", word);
        return;
    }
    struct queue_call *call = xcalloc(1, sizeof *call);
    struct buf body = {0};
    queue_call_begin(call, &hosts_type, session);
    wire_put_u32(&body, queue_call_id(call));
    wire_put_u8(&body, order);
    wire_put_span(&body, span_of(json_string_value(host), json_string_length(host)));
    queue_call_ask(call, MSG_HOSTS, &body);
}
