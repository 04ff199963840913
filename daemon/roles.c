/* The table of roles: who may do what and who talks to whom. */
#include "daemon/role.h"

#define BIT(id) (1u << (id))

const struct role_entry role_table[ROLE_COUNT] = {
    [ROLE_MASTER] = {.name = "master", .account = "mailward"},
    [ROLE_LOG] =
        {
            .name = "log",
            .account = "mailward",
            .peers = BIT(ROLE_QUEUE) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_CONTROL) | BIT(ROLE_PEERS),
            .write_dirs = {"log", "track"},
            .reader = SCHEMA_LOG,
        },
    [ROLE_QUEUE] =
        {
            .name = "queue",
            .account = "mailward",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_CONTROL) | BIT(ROLE_PEERS),
            .write_dirs = {"queue", "maildir", "archive"},
            .reader = SCHEMA_QUEUE,
        },
    [ROLE_SCAN] =
        {
            .name = "scan",
            .account = "mailward-scan",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_CONTROL),
            .reader = SCHEMA_SCAN,
        },
    [ROLE_SMTP] =
        {
            .name = "smtp",
            .account = "mailward-smtp",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_CONTROL),
            .reader = SCHEMA_SMTP,
            .network = true,
        },
    [ROLE_PEERS] =
        {
            .name = "peers",
            .account = "mailward-peers",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_CONTROL),
            .reader = SCHEMA_PEERS,
            .network = true,
        },
    [ROLE_CONTROL] =
        {
            .name = "control",
            .account = "mailward",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_PEERS),
            .write_dirs = {"config", "configuration"},
            .read_dirs = {"log", "/etc"}, /* /etc: the names of accounts and groups */
        },
};
