/* Audit records, gathered where nobody waits for them: a sync of the disk for each session would be in front of every
 * greeting.  What a killed process had gathered is lost: at most GATHERED_MOST sessions of the last GATHER_MS. */
#include "daemon/control/audit.h"

#include <event2/event.h>

#include "daemon/control/tidy.h"
#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/arena.h"
#include "engine/base/clock.h"

enum { GATHERED_MOST = 1000, GATHER_MS = 200 };

static struct store_config *store;
static struct event *due;
static struct arena *arena; /* of the texts; NULL while nothing is gathered */
static struct store_config_audit gathered[GATHERED_MOST];
static size_t count;

static void on_due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    audit_flush();
}

void audit_open(struct store_config *config_db)
{
    store = config_db;
    due = evtimer_new(role_base(), on_due, NULL);
}

void audit_forget_gathered(void)
{
    if (arena)
        arena_free(arena);
    arena = NULL;
    count = 0;
    evtimer_del(due);
}

bool audit_put_gathered(struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!store_config_audit(store, &gathered[i], error))
            return false;
    return true;
}

void audit_flush(void)
{
    struct error why;
    if (count == 0)
        return;
    if (!store_config_begin(store, &why) || !audit_put_gathered(&why) ||
        store_config_commit(store, &why) != STORE_CONFIG_DONE) {
        store_config_rollback(store);
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    }
    audit_forget_gathered();
    tidy_soon();
}

bool audit_each_session(bool (*visit)(const struct store_config_audit *record, void *context), void *context,
                        struct error *error)
{
    audit_flush();
    return store_config_each_session(store, visit, context, error);
}

void audit_write_soon(const char *user, const char *source, const char *method, const char *detail,
                      int status)
{
    static const struct timeval soon = {.tv_usec = GATHER_MS * 1000};
    if (!arena) {
        arena = arena_new();
        evtimer_add(due, &soon);
    }
    gathered[count++] = (struct store_config_audit){.time = clock_wall_us(),
                                                    .user = arena_text(arena, span_text(user)),
                                                    .source = arena_text(arena, span_text(source)),
                                                    .method = arena_text(arena, span_text(method)),
                                                    .detail = arena_text(arena, span_text(detail)),
                                                    .status = status};
    if (count == GATHERED_MOST)
        audit_flush();
}

void audit_write(const char *user, const char *source, const char *method, const char *detail, int status)
{
    audit_write_soon(user, source, method, detail, status);
    audit_flush();
}
