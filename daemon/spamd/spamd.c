/* The spamd role: clients of the spamd protocol ask, the scan role judges.  Hooks of the skeleton. */
#include "daemon/spamd/spamd.h"

#include <sys/resource.h>
#include <unistd.h>

#include "daemon/protocol.h"
#include "daemon/role_messages.h"
#include "daemon/spamd/acceptor.h"
#include "daemon/spamd/client.h"
#include "daemon/spamd/scanning.h"
#include "daemon/spamd/telling.h"

static struct service service;

const struct service *spamd_service(void)
{
    return &service;
}

/* A client needs two descriptors. */
static bool start(struct error *error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set_errno(error, "cannot tell how many files may be open");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return true;
}

static void config_apply(void)
{
    const struct schema_row *row = config_table_single(role_config()->tables[SCHEMA_SPAMD_SERVICE]);
    const struct schema_row *gateway = config_table_single(role_config()->tables[SCHEMA_ANTISPAM]);
    service = (struct service){
        .missing_features = service.missing_features,
        .antispam = schema_row_number(gateway, ANTISPAM_ENABLED),
        .learning =
            schema_row_number(config_table_single(role_config()->tables[SCHEMA_LEARNING]), LEARNING_ENABLED),
        .raw = schema_row_number(row, SPAMD_SCALE) == SPAMD_SCALE_RAW,
        .most_bytes = (uint64_t)schema_row_number(gateway, ANTISPAM_NEVER_SCAN_SIZE),
        .most_clients = (size_t)schema_row_number(row, SPAMD_CONNECTIONS),
        .timeout = schema_row_number(row, SPAMD_TIMEOUT),
    };
    hostname_read(role_config()->tables[SCHEMA_GATEWAY], service.hostname);
    struct span list = schema_row_text(row, SPAMD_CLIENTS);
    while (service.network_count < SPAMD_CLIENTS_MAX &&
           schema_network_next(&list, &service.networks[service.network_count]) == SCHEMA_NEXT_GOOD)
        service.network_count++;
    acceptor_resume();
}

static void peer_down(enum role_id peer)
{
    if (peer == ROLE_SCAN)
        scanning_scan_gone();
    if (peer == ROLE_CONTROL)
        telling_control_gone();
}

static void take_features(struct wire_reader *in)
{
    service.missing_features = wire_get_u32(in);
}

static void answer_status(struct wire_reader *in)
{
    role_answer_status(in, &(struct role_figure){"spamd_connections", client_count()}, 1);
}

/* All but MSG_PORT. */
static const struct role_message messages[] = {
    {ROLE_MASTER, MSG_PORT_CLOSED, acceptor_port_closed},
    {ROLE_CONTROL, MSG_STATUS_QUERY, answer_status},
    {ROLE_SCAN, MSG_SCAN_HELLO, scanning_hello},
    {ROLE_SCAN, MSG_SCAN_RESULT, scanning_result},
    {ROLE_SCAN, MSG_SCAN_CRASH, scanning_crash},
    {ROLE_CONTROL, MSG_FEATURES, take_features},
    {ROLE_CONTROL, MSG_TOLD, telling_told},
};

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_MASTER && type == MSG_PORT) {
        acceptor_take_port(in, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    role_message_take(messages, sizeof messages / sizeof messages[0], peer, type, in);
}

/* Clients try again, or go on without a verdict: nothing is lost. */
static void stop(void)
{
    acceptor_stop();
    client_stop_all();
    role_exit();
}

const struct role role_self = {
    .id = ROLE_SPAMD,
    .start = start,
    .peer_down = peer_down,
    .message = message,
    .config_apply = config_apply,
    .stop = stop,
};
