/* Housekeeping of config.db, piece by piece. */
#include "daemon/control/tidy.h"

#include <event2/event.h>

#include "daemon/control/commit.h"
#include "daemon/control/manifest.h"
#include "daemon/control/stored_tree.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"

enum {
    SOON_MS = 500,
    BUSY_MS = 20,   /* a commit is in work */
    PIECE_US = 5000 /* of marking, which is one revision at least */
};

static struct store_config *store;
static struct event *idle;

/* Marking names the blobs that kept revisions use, from the oldest to whatever is the head by then. */
static uint64_t next_to_mark; /* 0: not marking */
static uint64_t newest_to_go; /* newer ones are kept, of the others those with a label */

static void look_in(int milliseconds)
{
    struct timeval time = clock_interval(milliseconds * INT64_C(1000));
    if (!evtimer_pending(idle, NULL))
        evtimer_add(idle, &time);
}

static void on_idle(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (commit_is_in_work())
        look_in(BUSY_MS);
    else if (tidy_step())
        look_in(1);
}

void tidy_open(struct store_config *config_db)
{
    store = config_db;
    idle = evtimer_new(role_base(), on_idle, NULL);
}

void tidy_soon(void)
{
    look_in(SOON_MS);
}

void tidy_keeps_more(void)
{
    if (next_to_mark)
        next_to_mark = 1;
}

static bool mark_revision(uint64_t revision, struct error *error)
{
    struct buf text = {0};
    struct arena *scratch = arena_new();
    struct manifest m;
    json_t *levels = NULL;
    bool good = store_config_get_revision(store, revision, &text, error) &&
                manifest_get(buf_span(&text), scratch, &m, &levels, error) &&
                stored_tree_use(store, levels, error);
    json_decref(levels);
    arena_free(scratch);
    buf_free(&text);
    return good;
}

static bool mark_piece(struct error *error)
{
    int64_t end = clock_mono_us() + PIECE_US;
    while (next_to_mark <= head_manifest()->revision) {
        uint64_t revision;
        if (!store_config_next_kept(store, next_to_mark, newest_to_go, &revision, error) ||
            !mark_revision(revision, error))
            return false;
        next_to_mark = revision + 1;
        if (clock_mono_us() > end)
            break;
    }
    return true;
}

/* In the same turn as the last mark: no commit comes between. */
static bool sweep(struct error *error)
{
    if (store_config_begin(store, error) && store_config_prune(store, REVISIONS_KEPT, error) &&
        store_config_sweep(store, error) && store_config_commit(store, error) == STORE_CONFIG_DONE)
        return true;
    store_config_rollback(store);
    return false;
}

static bool begin_when_due(struct error *error)
{
    uint64_t oldest, head = head_manifest()->revision;
    if (!store_config_oldest(store, &oldest, error))
        return false;
    if (head - oldest < REVISIONS_STORED)
        return true;
    next_to_mark = 1;
    newest_to_go = head - REVISIONS_KEPT;
    return store_config_forget_used(store, error);
}

/* What cannot be read completely is not swept: a damaged revision must not take others' rows with it. */
bool tidy_step(void)
{
    struct error why;
    bool good = next_to_mark ? mark_piece(&why) : begin_when_due(&why);
    if (good && next_to_mark && next_to_mark <= head_manifest()->revision)
        return true;
    if (good && next_to_mark)
        good = sweep(&why);
    next_to_mark = 0;
    if (!good)
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    if (!store_config_checkpoint(store, &why))
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    return false;
}
