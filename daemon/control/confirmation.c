/* The pending confirmation.  Within the boot in which it was committed the deadline is one of CLOCK_BOOTTIME; after a
 * reboot only wall time is left. */
#define _GNU_SOURCE /* O_CLOEXEC */
#include "daemon/control/confirmation.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/store_config.h"
#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/wire/api.h"

#define LONGEST (API_CONFIRM_MAX * INT64_C(1000000))

static struct store_config *store;
static struct store_config_confirmation stored, next; /* revision 0: none */
static struct confirmation shown;
static char this_boot[sizeof stored.boot_id];

/* Empty where the kernel does not tell: then wall time decides. */
static void read_boot_id(void)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, this_boot, sizeof this_boot - 1);
    this_boot[got > 0 ? strcspn(this_boot, "\n") : 0] = '\0';
    close(fd);
}

static void show(void)
{
    shown = (struct confirmation){stored.revision, stored.base, stored.deadline};
}

bool confirmation_open(struct store_config *config_db, struct error *error)
{
    store = config_db;
    read_boot_id();
    if (!store_config_get_confirmation(store, &stored, error))
        return false;
    show();
    return true;
}

const struct confirmation *confirmation_pending(void)
{
    return shown.revision ? &shown : NULL;
}

int64_t confirmation_left(void)
{
    bool same_boot = this_boot[0] && strcmp(this_boot, stored.boot_id) == 0;
    int64_t left = same_boot ? stored.boot_deadline - clock_boot_us() : stored.deadline - clock_wall_us();
    if (left > LONGEST) /* after a reboot with a clock that is far behind */
        left = LONGEST;
    return left > 0 ? left : 0;
}

bool confirmation_put(const struct manifest *m, struct error *error)
{
    next = (struct store_config_confirmation){0};
    if (!m->confirm_within)
        return store_config_end_confirmation(store, error);
    next.revision = m->revision;
    next.base = m->parent;
    next.deadline = m->time + m->confirm_within;
    next.boot_deadline = clock_boot_us() + m->confirm_within;
    memcpy(next.boot_id, this_boot, sizeof next.boot_id);
    return store_config_set_confirmation(store, &next, error);
}

void confirmation_committed(void)
{
    stored = next;
    show();
}

static bool write_accepted(const char *user, const char *source, struct error *error)
{
    char detail[64];
    snprintf(detail, sizeof detail, "revision %llu accepted", (unsigned long long)stored.revision);
    struct store_config_audit record = {clock_wall_us(), user, source, "config.confirm", detail, 0};
    return store_config_end_confirmation(store, error) && store_config_audit(store, &record, error);
}

bool confirmation_accept(const char *user, const char *source, struct error *error)
{
    if (!store_config_begin(store, error))
        return false;
    if (!write_accepted(user, source, error)) {
        store_config_rollback(store);
        return false;
    }
    enum store_config_outcome outcome = store_config_commit(store, error);
    if (outcome == STORE_CONFIG_UNSURE)
        role_fatal("whether the confirmation is stored is not known: %s", error->text);
    if (outcome == STORE_CONFIG_NOT_DONE)
        return false;
    LOG(CONFIRMED, LOG_U(stored.revision), LOG_T(user));
    stored = (struct store_config_confirmation){0};
    show();
    return true;
}
