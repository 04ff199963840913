/* The queue role: takes mail from smtp, keeps it on disk, has it scanned and sees it delivered or returned. */
#define _GNU_SOURCE /* usleep */
#include "daemon/queue/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/queue/archive.h"
#include "daemon/queue/maildir.h"
#include "daemon/queue/next_hop.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/mime/view.h"

enum {
    LOG_PAGES_IDLE = 100,
    SECOND_US = 1000000,
    READ_TRIES = 60, /* with growing pauses: half an hour */
    LOCK_TRIES = 50, /* for a queue of before that still ends: five seconds */
    LOCK_PAUSE_US = 100000,
};

static struct queue queue;
static struct event *tick;

struct message *queue_find(const struct queue *q, uint64_t mid)
{
    return TABLE_ENTRY(table_find(&q->messages, mid), struct message, node);
}

/* No try is planned later than this. */
static int64_t queue_latest_try(const struct queue *q)
{
    return clock_wall_us() + q->settings->retry_most * SECOND_US;
}

void queue_put_back(struct queue *q, struct message *m)
{
    m->hand = HAND_QUEUE;
    if (m->state == RECIPIENT_SCAN) {
        scan_wait(q, m);
    } else {
        message_update_due(m, queue_latest_try(q));
        lane_add(q, m);
    }
}

void queue_withdraw(struct queue *q, struct message *m)
{
    if (m->state == RECIPIENT_SCAN)
        scan_leave(q, m);
    else
        lane_remove(q, m);
    m->hand = HAND_WRITING;
}

void queue_add_message(struct queue *q, struct message *m)
{
    table_add(&q->messages, &m->node);
    TAILQ_INSERT_TAIL(&q->by_age, m, by_age);
    queue_gauge_recipients(q, m, 1);
    queue_put_back(q, m);
}

void queue_remove_message(struct queue *q, struct message *m)
{
    queue_gauge_recipients(q, m, -1);
    table_remove(&q->messages, &m->node);
    TAILQ_REMOVE(&q->by_age, m, by_age);
    body_cache_remove(&q->cache, m);
    message_free(m);
}

struct holding {
    struct operation op;
    struct message *m;
};

static bool write_holding(struct queue *q, struct operation *op, struct fault *f)
{
    return store_set_state(q->store, message_mid(((struct holding *)op)->m), RECIPIENT_HELD, f);
}

static void committed_holding(struct queue *q, struct operation *op)
{
    struct holding *o = (struct holding *)op;
    LOG(BODY_DAMAGED, LOG_U(message_mid(o->m)), LOG_U(o->m->body.segment), LOG_U(o->m->body.offset));
    queue_remove_message(q, o->m);
    free(o);
}

static const struct operation_type holding_type = {write_holding, committed_holding, NULL};

void queue_hold(struct queue *q, struct message *m)
{
    struct holding *o = xcalloc(1, sizeof *o);
    *o = (struct holding){.op.type = &holding_type, .m = m};
    m->hand = HAND_WRITING;
    turn_add(q, &o->op, TURN_SOON);
}

void queue_pause(struct queue *q, struct message *m)
{
    m->read_tries++;
    if (m->read_tries == 1)
        LOG(BODY_UNREADABLE, LOG_U(message_mid(m)), LOG_U(m->body.segment), LOG_U(m->body.offset));
    int64_t pause = m->read_tries * SECOND_US;
    if (m->read_tries == READ_TRIES) {
        queue_hold(q, m);
    } else if (m->state == RECIPIENT_SCAN) {
        m->hand = HAND_UNREADABLE;
        m->due = clock_mono_us() + pause;
        TAILQ_INSERT_TAIL(&q->scan.unreadable, m, link);
    } else {
        m->due = clock_wall_us() + pause;
        lane_add(q, m);
    }
}

/* A clock that was set back would let mail wait that is due long since. */
static void watch_clock(struct queue *q)
{
    int64_t ahead = clock_wall_us() - clock_mono_us();
    for (int i = 0; ahead < q->clock_ahead - SECOND_US && i < LANE_COUNT; i++)
        schedule_limit(&q->deliver.lanes[i], queue_latest_try(q));
    q->clock_ahead = ahead;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct queue *q = context;
    space_tick(q);
    known_tick(q);
    expiry_tick(q);
    watch_clock(q);
    scan_resume(q);
    multiscan_tick(q);
    scan_dispatch(q);
    deliver_dispatch(q);
    outbox_pump(q);
    compact_step(q);
    if (TAILQ_EMPTY(&q->turn.operations) && store_log_pages(q->store) > LOG_PAGES_IDLE)
        turn_checkpoint(q);
}

static bool make_folder(const char *path, struct error *error)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           error_set_errno(error, "cannot make the folder %s", path);
}

static void load_message(void *context, const struct message *m)
{
    struct queue *q = context;
    q->gauges.scan_in += m->state == RECIPIENT_SCAN;
    queue_add_message(q, message_copy(m, NULL, 0));
}

static void load_body(void *context, uint64_t mid, const struct spool_record *body)
{
    (void)mid;
    spool_keep(((struct queue *)context)->spool, body);
}

static bool open_stores(struct queue *q, struct error *error)
{
    struct fault f;
    q->store = store_open("queue/queue.db", &f);
    if (q->store)
        q->spool = spool_open("queue/spool", (uint64_t)q->settings->segment_bytes, &f);
    if (q->spool && store_each_body(q->store, load_body, q, &f) &&
        store_load(q->store, load_message, q, &f) && store_is_paused(q->store, &q->scan.paused, &f) &&
        store_get_suspended(q->store, &q->suspended, &f)) {
        spool_tidy(q->spool);
        return true;
    }
    return error_set(error, "%s", f.error.text);
}

static bool open_route(struct queue *q, struct error *error)
{
    struct route route;
    if (!route_parse(q->settings->route, &route, error))
        return false;
    if (route.kind != ROUTE_MAILDIR)
        return true;
    q->deliver.maildir = maildir_open(route.maildir, q->hostname, error);
    return q->deliver.maildir && maildir_recover(q->deliver.maildir, q, error);
}

/* Two queues on one store would give mail away twice; the lock ends with the process. */
static bool lock_queue(struct error *error)
{
    int fd = open("queue/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(error, "cannot open queue/lock");
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_set_errno(error, "cannot lock queue/lock");
        if (i == LOCK_TRIES)
            return error_set(error, "another queue process still holds queue/lock");
        usleep(LOCK_PAUSE_US);
    }
    return true;
}

static bool start(struct error *error)
{
    struct queue *q = &queue;
    q->settings = role_settings();
    umask(0077);
    hostname_read(NULL, q->hostname);
    TAILQ_INIT(&q->by_age);
    TAILQ_INIT(&q->cache.list);
    TAILQ_INIT(&q->hosts.all);
    TAILQ_INIT(&q->hosts.idle);
    TAILQ_INIT(&q->intake.list);
    TAILQ_INIT(&q->scan.waiting);
    TAILQ_INIT(&q->scan.waiting_alone);
    TAILQ_INIT(&q->scan.unreadable);
    TAILQ_INIT(&q->scan.in_hand);
    TAILQ_INIT(&q->multiscan.waiting);
    TAILQ_INIT(&q->multiscan.in_hand);
    TAILQ_INIT(&q->deliver.in_hand);
    TAILQ_INIT(&q->deliver.next_hops);
    turn_open(q, role_base());
    mime_charsets_open(); /* of subjects: the sandbox lets nobody load them */
    if (!make_folder("queue", error) || !make_folder("queue/spool", error) ||
        !make_folder("archive", error) || !lock_queue(error) || !open_stores(q, error) ||
        !archive_open(q, error) || !open_route(q, error))
        return false;
    watch_clock(q);
    struct timeval second = {.tv_sec = 1};
    tick = event_new(role_base(), -1, EV_PERSIST, on_tick, q);
    if (!tick || event_add(tick, &second) != 0)
        abort();
    return true;
}

/* What could not be logged at the start, before there was a log role to tell. */
static void tell_start(struct queue *q)
{
    static bool told;
    if (told)
        return;
    told = true;
    const struct store_counts *counts = store_counts(q->store);
    const struct gauges *g = &q->gauges;
    LOG(QUEUE_OPEN, LOG_U(counts->messages),
        LOG_U(g->waiting_scan + g->active + g->delayed + counts->quarantined + counts->held));
    space_tick(q);
}

static void peer_up(enum role_id peer)
{
    if (peer == ROLE_LOG) {
        tell_start(&queue);
        outbox_log_up(&queue);
    }
}

static void peer_down(enum role_id peer)
{
    if (peer == ROLE_SMTP) {
        intake_smtp_gone(&queue);
        deliver_gone(&queue);
    } else if (peer == ROLE_SCAN) {
        scan_gone(&queue);
    } else if (peer == ROLE_PEERS) {
        multiscan_gone(&queue);
    }
}

/* Every message that the queue takes, from whom, and where it goes. */
static const struct {
    enum role_id peer;
    uint16_t type;
    void (*handle)(struct queue *q, struct wire_reader *in);
} handlers[] = {
    {ROLE_SMTP, MSG_SMTP_HELLO, deliver_hello},
    {ROLE_SMTP, MSG_ID_REQUEST, intake_id_request},
    {ROLE_SMTP, MSG_MAIL_BEGIN, intake_begin},
    {ROLE_SMTP, MSG_MAIL_DATA, intake_data},
    {ROLE_SMTP, MSG_MAIL_END, intake_end},
    {ROLE_SMTP, MSG_MAIL_ABORT, intake_abort},
    {ROLE_SMTP, MSG_MAIL_ASK, intake_ask},
    {ROLE_SMTP, MSG_DELIVER_RESULT, deliver_result},
    {ROLE_SCAN, MSG_SCAN_HELLO, scan_hello},
    {ROLE_SCAN, MSG_SCAN_RESULT, scan_result},
    {ROLE_SCAN, MSG_SCAN_CRASH, scan_crash},
    {ROLE_PEERS, MSG_PEERS_HELLO, multiscan_hello},
    {ROLE_PEERS, MSG_PEERS_RESULT, multiscan_result},
    {ROLE_LOG, MSG_FINAL_ACK, outbox_acknowledged},
    {ROLE_CONTROL, MSG_STATUS_QUERY, gauges_request},
    {ROLE_CONTROL, MSG_WORKQUEUE, workqueue_request},
    {ROLE_CONTROL, MSG_FEATURES, scan_take_features},
    {ROLE_CONTROL, MSG_HOSTS, hosts_request},
    {ROLE_CONTROL, MSG_NOTICE, notice_request},
    {ROLE_CONTROL, MSG_SUSPEND, suspend_request},
    {ROLE_CONTROL, MSG_QUEUE_LIST, listing_request},
    {ROLE_CONTROL, MSG_QUEUE_READ, listing_read},
    {ROLE_CONTROL, MSG_QUEUE_CHANGE, change_request},
};

static void on_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (fd >= 0)
        close(fd); /* nobody sends us any */
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (handlers[i].peer == peer && handlers[i].type == type) {
            handlers[i].handle(&queue, in);
            return;
        }
    }
    in->failed = true;
}

bool queue_is_configured(void)
{
    return role_config()->revision != 0;
}

static void config_apply(void)
{
    hostname_read(role_config()->tables[SCHEMA_GATEWAY], queue.hostname);
    next_hop_wake_all(&queue);
    multiscan_follow_config(&queue);
    deliver_dispatch(&queue);
}

static void stop(void)
{
    turn_stop(&queue);
}

const struct role role_self = {
    .id = ROLE_QUEUE,
    .start = start,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .message = on_message,
    .config_apply = config_apply,
    .stop = stop,
};
