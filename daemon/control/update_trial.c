/* Scan gets copies of all packages for each trial, prepares a generation with them beside what runs, and says what came of it. */
#include "daemon/control/update_trial.h"

#include "daemon/control/commit.h"
#include "daemon/control/update_files.h"
#include "daemon/control/update_run.h"
#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/protocol.h"
#include "engine/base/clock.h"

enum {
    TRIAL_US = 12 * 1000 * 1000, /* scan gives up before that, and says why */
    COMMIT_LOOK_US = 100 * 1000, /* from one look whether a commit is over to the next */
    BUSY_FIRST_US = 100 * 1000,  /* after a trial that scan had no time for */
    BUSY_MOST_US = 5 * 1000 * 1000,
    PATIENCE_US = 60 * 1000 * 1000,
};

static struct {
    enum { NONE, WAITING, TRYING } step;
    const struct package_offer *offer;
    enum package_component component;
    struct span file;
    void (*done)(enum trial_outcome outcome, const char *why);
    uint32_t id;                /* of the question to scan */
    int64_t waited_us, busy_us; /* in all, and the latest pause for scan */
} trial;

static struct event *timer;
static struct error unusable;

const char *update_trial_unusable(void)
{
    return unusable.text;
}

/* ---- what scan is told ---- */

static void send_package(enum package_component which, struct span file)
{
    uint8_t number = (uint8_t)which;
    int fd = file.n ? memory_file_of("mailward-package", file) : -1;
    if (fd >= 0)
        role_send(ROLE_SCAN, MSG_ENGINE_PACKAGE, span_of(&number, 1), fd);
}

static bool send_to_scan(uint16_t type, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    bool sent = role_send(ROLE_SCAN, type, buf_span(&body), -1);
    buf_free(&body);
    return sent;
}

static void use(uint32_t id)
{
    unusable.text[0] = '\0';
    send_to_scan(MSG_ENGINE_USE, id);
}

void update_trial_scan_up(void)
{
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        send_package((enum package_component)i, update_files_get((enum package_component)i).file);
    use(0);
}

void update_trial_use(void)
{
    use(trial.id);
}

void update_trial_discard(void)
{
    send_to_scan(MSG_ENGINE_DISCARD, trial.id);
}

/* ---- the trial ---- */

/* Beside what runs, with the other packages as they are. */
static void try(void)
{
    const struct package_component_row *row = &package_components[trial.component];
    LOG(UPDATE_APPLYING, LOG_T(update_engine_name(row->engine)), LOG_T(row->name),
        LOG_U(trial.offer->version));
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++) {
        enum package_component which = (enum package_component)i;
        send_package(which, which == trial.component ? trial.file : update_files_get(which).file);
    }
    trial.step = TRYING;
    commit_hold(true);
    struct timeval limit = clock_interval(TRIAL_US);
    evtimer_add(timer, &limit);
    if (!send_to_scan(MSG_ENGINE_TRY, ++trial.id))
        trial.done(TRIAL_PUT_OFF, "the scan role is away");
}

/* Scan prepares one thing at a time, and its configuration comes first. */
static void try_later(int64_t pause_us)
{
    struct timeval pause = clock_interval(pause_us);
    commit_hold(false);
    trial.waited_us += pause_us;
    if (trial.waited_us <= PATIENCE_US) {
        trial.step = WAITING;
        evtimer_add(timer, &pause);
    } else {
        trial.done(TRIAL_PUT_OFF, "commits leave no time for it");
    }
}

/* Each trial copies all packages, so the pause grows. */
static void scan_is_busy(void)
{
    trial.busy_us = trial.busy_us ? trial.busy_us * 2 : BUSY_FIRST_US;
    if (trial.busy_us > BUSY_MOST_US)
        trial.busy_us = BUSY_MOST_US;
    try_later(trial.busy_us);
}

static void try_when_no_commit_runs(void)
{
    if (commit_is_in_work())
        try_later(COMMIT_LOOK_US);
    else
        try();
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (trial.step == WAITING) {
        try_when_no_commit_runs();
    } else if (trial.step == TRYING) {
        update_trial_discard();
        trial.done(TRIAL_SLOW, "was not ready to use in time");
    }
}

void update_trial_begin(const struct package_offer *offer, struct span file,
                        void (*done)(enum trial_outcome outcome, const char *why))
{
    if (!timer)
        timer = evtimer_new(role_base(), on_timer, NULL);
    trial.offer = offer;
    trial.component = (enum package_component)package_component_find(offer->name);
    trial.file = file;
    trial.done = done;
    trial.waited_us = trial.busy_us = 0;
    try_when_no_commit_runs();
}

void update_trial_end(void)
{
    if (timer)
        evtimer_del(timer);
    trial.step = NONE;
    commit_hold(false);
}

/* An answer that nobody waits for any more is of a trial before; number 0 stands for what is installed. */
void update_trial_answered(struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    uint8_t outcome = wire_get_u8(in);
    struct span text = wire_get_span(in);
    struct error why;
    if (in->failed)
        return;
    error_set(&why, "%.*s", (int)text.n, text.n ? text.p : "");
    if (id == 0)
        unusable = why;
    if (trial.step != TRYING || id != trial.id)
        return;
    evtimer_del(timer);
    if (outcome == ENGINE_BUSY)
        scan_is_busy();
    else
        trial.done(outcome == ENGINE_READY  ? TRIAL_GOOD
                   : outcome == ENGINE_LATE ? TRIAL_SLOW
                                            : TRIAL_BAD,
                   why.text);
}

void update_trial_scan_down(void)
{
    if (trial.step == TRYING)
        trial.done(TRIAL_PUT_OFF, "the scan role died");
}
