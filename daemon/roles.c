/* The table of roles: who may do what and who talks to whom. */
#include "daemon/role.h"

#define BIT(id) (1u << (id))

const struct role_entry role_table[ROLE_COUNT] = {
    [ROLE_MASTER] = {.name = "master"},
    [ROLE_LOG] =
        {
            .name = "log",
            .account = "mailward",
            .peers = BIT(ROLE_QUEUE) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_CONTROL),
            .write_dirs = {"log", "track"},
        },
    [ROLE_QUEUE] =
        {
            .name = "queue",
            .account = "mailward",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_SCAN) | BIT(ROLE_SMTP) | BIT(ROLE_CONTROL),
            .write_dirs = {"queue", "maildir", "archive"},
        },
    [ROLE_SCAN] =
        {
            .name = "scan",
            .account = "mailward-scan",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE),
        },
    [ROLE_SMTP] =
        {
            .name = "smtp",
            .account = "mailward-smtp",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE),
            .network = true,
        },
    [ROLE_CONTROL] =
        {
            .name = "control",
            .account = "mailward",
            .peers = BIT(ROLE_LOG) | BIT(ROLE_QUEUE),
            .read_dirs = {"log"},
        },
};
