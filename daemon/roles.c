/* The table of roles: who may do what and who talks to whom. */
#include "daemon/role.h"

#define BIT(id) (1u << (id))

const struct role_entry role_table[ROLE_COUNT] = {
    [ROLE_MASTER] = {.name = "master", .account = "mailward"},
    [ROLE_LOG] =
        {
            .name = "log",
            .account = "mailward",
            .peers = BIT(ROLE_QUEUE) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_SPAMD) | BIT(ROLE_CONTROL) |
                     BIT(ROLE_FETCH) | BIT(ROLE_PEERS),
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
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_SPAMD) | BIT(ROLE_CONTROL),
            .read_dirs = {"/proc"}, /* where a zygote's machine code is, which it makes read-only */
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
    /* Its sockets come from the master: it may make none. */
    [ROLE_SPAMD] =
        {
            .name = "spamd",
            .account = "mailward-spamd",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_SCAN) | BIT(ROLE_CONTROL),
            .reader = SCHEMA_SPAMD,
            .dispensable = true,
        },
    [ROLE_PEERS] =
        {
            .name = "peers",
            .account = "mailward-peers",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_CONTROL),
            .reader = SCHEMA_PEERS,
            .network = true,
            .dispensable = true,
        },
    [ROLE_CONTROL] =
        {
            .name = "control",
            .account = "mailward",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_SPAMD) |
                     BIT(ROLE_FETCH) | BIT(ROLE_PEERS),
            .write_dirs = {"config", "configuration", "updates"},
            .read_dirs = {"log", "/etc"}, /* /etc: the names of accounts and groups */
        },
    [ROLE_FETCH] =
        {
            .name = "fetch",
            .account = "mailward-fetch",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_CONTROL),
            .read_dirs = {"/etc"}, /* name servers, and the certificates that the machine trusts */
            .network = true,
            .dispensable = true,
        },
};
