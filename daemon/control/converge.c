/* What each role runs, has prepared and is asked for. */
#include "daemon/control/converge.h"

#include "daemon/control/commit.h"
#include "daemon/control/rows_out.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"

enum {
    DEATHS_MOST = 2,
    PATIENCE_MOST = 5, /* how often the time to come to the head is doubled */
};

struct follower {
    bool greeted;                             /* it has said hello, on this connection */
    bool known;                               /* and what it says counts */
    struct config_revision running, prepared; /* as it said */
    struct config_revision asked;             /* what it is preparing */
    uint32_t attempt;                         /* to have it prepared: what its answer names */
    bool switching;                           /* it was told to go to the head, which it has prepared */
    bool refused;                             /* to prepare `next` */
    unsigned deaths;                          /* while it was preparing `next` */
    unsigned patience; /* how often it was started anew for not coming to the head in time */
    struct error why;
    struct event *late;
};

static struct follower followers[ROLE_COUNT];

/* What is to be prepared; its tree is NULL when nothing is. */
static struct {
    struct config_revision id;
    struct config_tree *tree;
} next;

static struct config_revision head_id(void)
{
    struct config_revision id = {.number = head_manifest()->revision};
    memcpy(id.commit_id, head_manifest()->commit_id, sizeof id.commit_id);
    return id;
}

static bool is(const struct config_revision *a, struct config_revision b)
{
    return config_revision_equal(a, &b);
}

static void start_anew(enum role_id role, const char *why)
{
    struct follower *f = &followers[role];
    struct error text;
    LOG(ROLE_STALE, LOG_T(role_table[role].name), LOG_U(head_manifest()->revision), LOG_T(why));
    error_set(&text, "does not follow revision %llu (%s)", (unsigned long long)head_manifest()->revision,
              why);
    role_tell_stale(role, text.text);
    f->known = false; /* what it still says no longer counts */
    evtimer_del(f->late);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct follower *f = context;
    if (f->patience < PATIENCE_MOST)
        f->patience++;
    start_anew((enum role_id)(f - followers), f->switching ? "it does not switch" : "it does not answer");
}

static void expect_within(struct follower *f, int milliseconds)
{
    struct timeval limit = clock_interval(milliseconds * INT64_C(1000));
    evtimer_add(f->late, &limit);
}

/* It switches, or discards what differs; in either case it answers when it runs the head then. */
static void tell_head(enum role_id role, const struct config_revision *head)
{
    struct buf body = {0};
    config_revision_put(&body, head);
    role_send(role, MSG_CONFIG_HEAD, buf_span(&body), -1);
    buf_free(&body);
    expect_within(&followers[role], commit_limits.apply_ms);
}

static void ask(enum role_id role, const struct config_revision *id, const struct config_tree *from,
                const struct config_tree *to)
{
    static uint32_t attempts;
    struct follower *f = &followers[role];
    rows_out_send(role, id, ++attempts, from, to, head_place());
    f->attempt = attempts;
    f->asked = *id;
    f->prepared = (struct config_revision){0};
}

static void bring_to_head(enum role_id role, const struct config_revision *head)
{
    struct follower *f = &followers[role];
    if (f->switching)
        return;
    if (is(&f->prepared, *head)) {
        tell_head(role, head);
        f->switching = true;
    } else if (!is(&f->asked, *head)) {
        ask(role, head, NULL, head_tree());
        /* Twice the time after each time that it did not do: a large head must not keep it starting for ever. */
        expect_within(f, commit_limits.prepare_ms << f->patience);
    }
}

/* Sends a role what it needs next, if anything. */
static void steer(enum role_id role)
{
    struct follower *f = &followers[role];
    struct config_revision head = head_id();
    if (!f->known)
        return;
    if (!is(&f->running, head)) {
        bring_to_head(role, &head);
    } else if (next.tree) {
        if (!f->refused && !is(&f->prepared, next.id) && !is(&f->asked, next.id))
            ask(role, &next.id, head_tree(), next.tree);
    } else if (f->prepared.number || f->asked.number) {
        tell_head(role, &head);
        f->prepared = f->asked = (struct config_revision){0};
    }
}

static void steer_all(void)
{
    for (int role = 0; role < ROLE_COUNT; role++)
        steer(role);
}

void converge_peer_up(enum role_id role)
{
    struct follower *f = &followers[role];
    if (!role_table[role].reader)
        return;
    f->greeted = false;
    if (!f->late)
        f->late = evtimer_new(role_base(), on_late, f);
    /* No limit to its hello: the queue may have a large store to open first. */
}

void converge_peer_down(enum role_id role)
{
    struct follower *f = &followers[role];
    if (!role_table[role].reader)
        return;
    evtimer_del(f->late);
    f->known = false;
    if (next.tree && is(&f->asked, next.id) && !role_table[role].dispensable && ++f->deaths == DEATHS_MOST) {
        f->refused = true;
        error_set(&f->why, "it ended twice while preparing it");
    }
}

/* What a control before this one had it prepare counts only when it became the head: an id may be tried again with
 * other rows. */
static void hello(enum role_id role, struct wire_reader *in)
{
    struct follower *f = &followers[role];
    struct config_revision running = config_revision_get(in), prepared = config_revision_get(in),
                           head = head_id();
    if (f->greeted) {
        if (f->known)
            start_anew(role, "it says hello twice");
        return;
    }
    f->greeted = true;
    f->known = !in->failed;
    f->running = running;
    f->prepared = f->asked = (struct config_revision){0};
    f->switching = false;
    evtimer_del(f->late);
    if (is(&prepared, head))
        f->prepared = prepared;
    else if (f->known && prepared.number)
        tell_head(role, &head);
}

static void take_answer(enum role_id role, struct wire_reader *in)
{
    struct follower *f = &followers[role];
    struct config_revision id = config_revision_get(in);
    uint32_t attempt = wire_get_u32(in);
    bool ready = wire_get_u8(in);
    struct span why = wire_get_span(in);
    if (in->failed || !f->known || attempt != f->attempt || !config_revision_equal(&id, &f->asked))
        return; /* of something that is no longer wanted */
    f->asked = (struct config_revision){0};
    evtimer_del(f->late);
    if (ready) {
        f->prepared = id;
    } else if (next.tree && is(&id, next.id)) {
        f->refused = true;
        error_set(&f->why, "%.*s", (int)why.n, why.p);
    } else {
        struct error reason;
        error_set(&reason, "it refuses it: %.*s", (int)why.n, why.p);
        start_anew(role, reason.text);
    }
}

static void take_running(enum role_id role, struct wire_reader *in)
{
    struct follower *f = &followers[role];
    struct config_revision id = config_revision_get(in);
    if (in->failed || !f->known)
        return;
    f->running = id;
    f->patience = 0;
    evtimer_del(f->late);
    if (!f->switching)
        return; /* it only discarded something */
    f->switching = false;
    f->prepared = (struct config_revision){0};
}

bool converge_message(enum role_id role, uint16_t type, struct wire_reader *in)
{
    if (!role_table[role].reader)
        return false;
    switch (type) {
    case MSG_CONFIG_HELLO:
        hello(role, in);
        break;
    case MSG_CONFIG_PREPARED:
        take_answer(role, in);
        break;
    case MSG_CONFIG_RUNNING:
        take_running(role, in);
        break;
    default:
        return false;
    }
    steer(role);
    return true;
}

static void set_next(const struct config_revision *id, struct config_tree *tree)
{
    if (next.tree)
        config_tree_unref(next.tree);
    next.id = *id;
    next.tree = tree;
    for (int role = 0; role < ROLE_COUNT; role++) {
        followers[role].refused = false;
        followers[role].deaths = 0;
    }
    steer_all();
}

void converge_prepare(const struct config_revision *id, struct config_tree *tree)
{
    set_next(id, config_tree_ref(tree));
}

void converge_follow_head(void)
{
    set_next(&(struct config_revision){0}, NULL);
}

/* One that is dispensable is waited for only while it is there; it is brought to the head when it comes. */
static bool is_waited_for(enum role_id role)
{
    return role_table[role].reader && (followers[role].known || !role_table[role].dispensable);
}

enum converge_state converge_prepared(enum role_id *role, const char **why)
{
    enum converge_state state = CONVERGE_DONE;
    for (int id = 0; id < ROLE_COUNT; id++) {
        const struct follower *f = &followers[id];
        if (!is_waited_for(id) || (f->known && is(&f->prepared, next.id)))
            continue;
        *role = id;
        state = CONVERGE_WAITING;
        if (!f->refused)
            continue;
        *why = f->why.text;
        return CONVERGE_REFUSED;
    }
    return state;
}

bool converge_running(enum role_id *role)
{
    struct config_revision head = head_id();
    for (int id = 0; id < ROLE_COUNT; id++) {
        *role = id;
        if (is_waited_for(id) && (!followers[id].known || !is(&followers[id].running, head)))
            return false;
    }
    return true;
}
