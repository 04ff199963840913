/* The queue role: what its files share.
 *
 * Messages of peers become operations; all operations of one loop turn are one group commit (turn.c); only after
 * it come their effects.  Memory mirrors the store and is changed by committed operations alone.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include "daemon/hostname.h"
#include "daemon/protocol.h"
#include "daemon/protocol_queue.h"
#include "daemon/queue/body.h"
#include "daemon/queue/message.h"
#include "daemon/queue/schedule.h"
#include "daemon/queue/spool.h"
#include "daemon/queue/store.h"
#include "daemon/queue/turn.h"
#include "daemon/role.h"
#include "daemon/route.h"
#include "engine/schema/settings.h"

enum { OUTBOX_WINDOW = 1000 };

/* How mail leaves; what one of them waits for does not stop the other. */
enum lane {
    LANE_SMTP,
    LANE_LOCAL, /* into the Maildir, or to be deferred because nothing leads on */
    LANE_COUNT
};

struct rolling_file;
struct next_hop;
TAILQ_HEAD(next_hop_list, next_hop);
struct host;
TAILQ_HEAD(host_list, host);
struct arrival;
TAILQ_HEAD(arrival_list, arrival);

/* Recipients in memory: kept, never counted.  The store keeps the rest. */
struct gauges {
    uint64_t waiting_scan, active, delayed;
    uint64_t messages_scan; /* messages, not recipients */
    uint64_t scan_in; /* messages that were or came in the work queue since the start; no children of them */
};

struct queue {
    const struct settings *settings;
    char hostname[HOSTNAME_SIZE];
    struct store *store;
    struct spool *spool;
    struct rolling_file *archives[JUDGE_ENGINES]; /* archive.c */
    struct turn turn;
    struct body_cache cache;
    struct gauges gauges;
    struct table messages;      /* those that wait for scan or delivery, by MID */
    struct message_list by_age; /* the same, in the order in which they came */

    struct { /* intake.c */
        struct table by_mid;
        struct arrival_list list;
        uint64_t bytes; /* held in memory */
    } intake;

    struct {           /* dispatch_scan.c */
        bool ready;    /* the hello has come */
        uint32_t most; /* jobs in its hand at a time */
        bool paused;   /* by the administrator: workqueue.c */
        struct message_list waiting, unreadable, in_hand;
        struct message_list
            waiting_alone; /* second tries: one at a time, so that they hold up nothing else */
        bool has_alone;    /* one of them is in hand */
        uint32_t jobs;
        uint64_t bytes;            /* of the bodies in hand */
        uint32_t missing_features; /* bits, as control says (MSG_FEATURES) */
    } scan;

    struct {                   /* multiscan.c */
        bool ready;            /* the hello has come */
        int64_t patient_until; /* monotonic: that long mail waits for the hello; 0: no configuration yet */
        unsigned waits;        /* how often mail had to wait for it since its latest answer */
        struct message_list waiting, in_hand;
        uint32_t jobs;
        uint64_t bytes;
    } multiscan;

    struct {                     /* lane.c, deliver.c, maildir.c */
        struct maildir *maildir; /* of the setting `route`; NULL when that is none */
        bool ready;
        struct schedule lanes[LANE_COUNT];
        struct message_list in_hand;
        uint32_t jobs;
        uint64_t bytes;
        struct table by_route; /* next_hop.c */
        struct next_hop_list next_hops;
    } deliver;

    struct {                            /* outbox.c */
        uint64_t window[OUTBOX_WINDOW]; /* sequences that log has not acknowledged, ascending */
        uint32_t outstanding;
        uint64_t sent;         /* the highest */
        uint64_t acknowledged; /* the highest */
        bool removing;         /* an operation will remove what is acknowledged from the store */
    } outbox;

    struct { /* hosts.c */
        struct table by_name;
        struct host_list all, idle; /* idle: nothing waits for them; the one used last at the end */
        uint32_t idle_count;
    } hosts;

    bool expiring;               /* expiry.c: an operation deletes from quarantine */
    struct suspension suspended; /* suspend.c */
    bool moving;                 /* compact.c: an operation moves bodies */
    int64_t clock_ahead;         /* wall time minus monotonic time at the last tick */

    struct { /* space.c */
        uint64_t free_bytes;
        bool low;
        bool has_ballast;
    } space;

    int64_t next_forgetting; /* known.c: monotonic */
};

struct message *queue_find(const struct queue *q, uint64_t mid);
/* A stored message comes into memory: it is found, counted, and waits for its scan or its delivery. */
void queue_add_message(struct queue *q, struct message *m);
/* The end of queue_add_message(); frees m.  Its body stays in the spool. */
void queue_remove_message(struct queue *q, struct message *m);
/* m waits for nothing: it leaves the list or the schedule that queue_put_back() put it into. */
void queue_withdraw(struct queue *q, struct message *m);
/* After an operation: m waits for its scan or its next delivery again. */
void queue_put_back(struct queue *q, struct message *m);
/* All recipients of m are held: its body is damaged. */
void queue_hold(struct queue *q, struct message *m);
/* The body of m, which waits in no list, could not be read: it is tried again later and later, and held in the end. */
void queue_pause(struct queue *q, struct message *m);

/* Nothing is given out before the first configuration runs. */
bool queue_is_configured(void);

/* lane.c */
/* m is due some time: it waits in the lane that the routes of now lead to. */
void lane_add(struct queue *q, struct message *m);
/* Harmless when m waits in none. */
void lane_remove(struct queue *q, struct message *m);
/* The recipient that is due first: the message goes by its route. */
const struct recipient *lane_recipient(const struct message *m);
/* The route by which m goes next. */
struct route lane_route(const struct queue *q, const struct message *m);
/* Whether something in the lane is due and may go. */
bool lane_is_due(const struct queue *q, enum lane lane, int64_t now);
/* The message to be tried next, and where to; NULL when none is due.  The routes of now count: what they lead to the
 * other lane goes there. */
struct message *lane_first(struct queue *q, enum lane lane, int64_t now, struct route *route);
/* Whether r, a recipient of m, is due and goes there too. */
bool lane_takes(const struct queue *q, const struct message *m, struct recipient *r, int64_t now,
                const struct route *route);

/* gauges.c */
/* Adds (sign 1) or takes off (sign -1) what m counts in the gauges. */
void queue_gauge_recipients(struct queue *q, const struct message *m, int sign);
/* MSG_STATUS_QUERY */
void gauges_request(struct queue *q, struct wire_reader *in);

/* hosts.c */
/* What waits for the domain of this address has changed by one. */
void hosts_waits(struct queue *q, struct span address, int sign);
/* An outcome for this address; reply is that of a hard bounce. */
void hosts_count(struct queue *q, struct span address, enum host_order what, struct span reply);
/* MSG_HOSTS */
void hosts_request(struct queue *q, struct wire_reader *in);

/* intake.c */
void intake_begin(struct queue *q, struct wire_reader *in);
void intake_data(struct queue *q, struct wire_reader *in);
void intake_end(struct queue *q, struct wire_reader *in);
void intake_abort(struct queue *q, struct wire_reader *in);
void intake_id_request(struct queue *q, struct wire_reader *in);
void intake_ask(struct queue *q, struct wire_reader *in);
/* What smtp has not ended is thrown away. */
void intake_smtp_gone(struct queue *q);

/* workqueue.c */
void workqueue_request(struct queue *q, struct wire_reader *in);

/* notice.c */
void notice_request(struct queue *q, struct wire_reader *in);

/* suspend.c */
void suspend_request(struct queue *q, struct wire_reader *in);
void suspend_tell_smtp(const struct queue *q);

/* listing.c, change.c */
void listing_request(struct queue *q, struct wire_reader *in);
void listing_read(struct queue *q, struct wire_reader *in);
void change_request(struct queue *q, struct wire_reader *in);

/* multiscan.c */
/* Whether other engines are to be asked about m, which waits for its scan, before that. */
bool multiscan_is_wanted(const struct queue *q, const struct message *m);
void multiscan_wait(struct queue *q, struct message *m);
/* m goes to its scan now: when nobody was asked who should have been, the log is to tell. */
void multiscan_go_on_without(const struct queue *q, struct message *m);
void multiscan_leave(struct queue *q, struct message *m);
void multiscan_hello(struct queue *q, struct wire_reader *in);
void multiscan_result(struct queue *q, struct wire_reader *in);
void multiscan_gone(struct queue *q);
void multiscan_dispatch(struct queue *q);
/* What waits and need not any more, by the configuration of now or because the role is away, goes on to its scan. */
void multiscan_review(struct queue *q);
void multiscan_follow_config(struct queue *q);
/* The work queue is paused no more: what waited meanwhile has the time of what comes now. */
void multiscan_resume(struct queue *q);
void multiscan_tick(struct queue *q);

/* dispatch_scan.c, scan_answer.c */
/* Sends the envelope of m and what is known of it, with its body in fd. */
void scan_send_job(const struct queue *q, const struct message *m, enum role_id to, uint16_t type, int fd);
void scan_hello(struct queue *q, struct wire_reader *in);
void scan_result(struct queue *q, struct wire_reader *in);
void scan_crash(struct queue *q, struct wire_reader *in);
void scan_gone(struct queue *q);
/* MSG_FEATURES */
void scan_take_features(struct queue *q, struct wire_reader *in);
void scan_dispatch(struct queue *q);
/* m waits for its scan; scan_leave(): not any more. */
void scan_wait(struct queue *q, struct message *m);
void scan_leave(struct queue *q, struct message *m);
/* Those whose bodies could not be read have another chance when they are due. */
void scan_resume(struct queue *q);
/* m comes back from the scan role's hand. */
void scan_take_back(struct queue *q, struct message *m);

/* deliver.c, deliver_result.c, maildir.c */
void deliver_hello(struct queue *q, struct wire_reader *in);
void deliver_result(struct queue *q, struct wire_reader *in);
void deliver_gone(struct queue *q);
void deliver_dispatch(struct queue *q);
/* Some of what needs no peer: background work. */
void deliver_local(struct queue *q);
void deliver_take_back(struct queue *q, struct message *m);
/* Takes the outcome of an attempt at some recipients of m, which is not in the schedule: an operation. */
void deliver_finish(struct queue *q, struct message *m, const struct deliver_result *result,
                    bool acknowledge);

/* outbox.c */
void outbox_log_up(struct queue *q);
void outbox_acknowledged(struct queue *q, struct wire_reader *in);
/* Sends what the window takes. */
void outbox_pump(struct queue *q);

/* space.c */
/* Looks at the disk, tells who has to know, keeps the ballast; also for the start. */
void space_tick(struct queue *q);
void space_tell_smtp(struct queue *q);
/* A commit failed for lack of space: the ballast is given up. */
void space_exhausted(struct queue *q);

/* compact.c */
void compact_step(struct queue *q);
/* expiry.c */
void expiry_tick(struct queue *q);
/* known.c */
void known_tick(struct queue *q);

#endif
