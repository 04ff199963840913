/* One lesson after the other: scan takes the example, learned.db the outcome, whoever told hears of it. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "daemon/control/lessons.h"

#include <event2/event.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/who.h"
#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/scan/score.h"
#include "engine/wire/api.h"

enum {
    LESSONS_MOST = 100, /* that wait, with a descriptor each */
    BYTES_MOST = 64 * 1024 * 1024,
    WHO_MOST = 64,
    SEND_SECONDS = 1,  /* after a change: further ones go along */
    RETRY_SECONDS = 1, /* out of descriptors */
};

struct waiting {
    TAILQ_ENTRY(waiting) place;
    struct lesson lesson;
    char origin[40 + 4 * WHO_MOST], who[WHO_MOST];
    int fd;
    uint64_t bytes;
    bool is_dropped; /* it is at scan, and the answer is nothing to anybody */
};

const char *const lesson_kinds[LESSON_KINDS] = {"ham", "spam", "forget"};

static TAILQ_HEAD(, waiting) queue = TAILQ_HEAD_INITIALIZER(queue);
static size_t queued;
static uint64_t queued_bytes;
static uint32_t id;  /* of the first one, at scan */
static bool is_sent; /* it is there */
static struct event *send_timer, *retry_timer;
static int64_t not_before; /* monotonic: the next sending for nothing but lessons */

bool lessons_wanted(void)
{
    return schema_row_number(
        config_table_single(config_resolve(head_tree(), head_place(), SCHEMA_LEARNING, NULL)),
        LEARNING_ENABLED);
}

/* ---- the examples ---- */

static void send_examples(void)
{
    struct buf set = {0}, body = {0};
    uint32_t count = 0;
    struct error error;
    if (store_learned_is_open() && !store_learned_set(&set, &count, &error)) {
        LOG(LEARN_STORE_ERROR, LOG_T(error.text));
        buf_free(&set);
        return;
    }
    int fd = count ? memory_file_of("mailward-learned", buf_span(&set)) : -1;
    wire_put_u32(&body, fd >= 0 ? count : 0);
    role_send(ROLE_SCAN, MSG_EXAMPLES, buf_span(&body), fd);
    buf_free(&set);
    buf_free(&body);
}

static void on_send(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    not_before = clock_mono_us() + role_settings()->learning_interval * INT64_C(1000000);
    send_examples();
}

void lessons_changed(void)
{
    const struct timeval soon = {.tv_sec = SEND_SECONDS};
    event_add(send_timer, &soon);
}

/* Each set costs scan a generation: whoever may tell must not keep it busy with them. */
static void was_learned(void)
{
    int64_t wait = not_before - clock_mono_us();
    const struct timeval later = {.tv_sec = wait / 1000000, .tv_usec = wait % 1000000};
    if (event_pending(send_timer, EV_TIMEOUT, NULL))
        return;
    if (wait > SEND_SECONDS * INT64_C(1000000))
        event_add(send_timer, &later);
    else
        lessons_changed();
}

/* ---- what comes of a lesson ---- */

static void tell_client(uint64_t client, enum lesson_outcome outcome, const char *why)
{
    struct buf body = {0};
    if (!client)
        return;
    wire_put_u64(&body, client);
    wire_put_u8(&body, (uint8_t)outcome);
    wire_put_span(&body, span_text(why));
    role_send(ROLE_SPAMD, MSG_TOLD, buf_span(&body), -1);
    buf_free(&body);
}

/* The key of a message depends on the version that read it. */
static void tell_nothing(const struct lesson *l)
{
    int64_t all = 0, others = 0;
    struct error error;
    if (l->kind == LESSON_FORGET && store_learned_count(&all, &others, &error) && others)
        LOG(LEARN_UNKNOWN, LOG_T(l->origin), LOG_T(l->who), LOG_U((uint64_t)others));
    else
        LOG(LEARN_KNOWN, LOG_T(l->origin), LOG_T(l->who));
}

static void tell_log(const struct lesson *l, enum lesson_outcome outcome, int32_t log_odds, const char *why)
{
    uint64_t score = (uint64_t)scan_score_of_log_odds(log_odds / 1000.0);
    if (outcome == LESSON_REFUSED || outcome == LESSON_FAILED || outcome == LESSON_OFF)
        LOG(LEARN_FAILED, LOG_T(l->origin), LOG_T(l->who), LOG_T(why));
    else if (outcome == LESSON_NOTHING)
        tell_nothing(l);
    else if (l->kind == LESSON_FORGET)
        LOG(LEARN_FORGOT, LOG_T(l->origin), LOG_T(l->who));
    else if (l->kind == LESSON_SPAM)
        LOG(LEARNED_SPAM, LOG_T(l->origin), LOG_T(l->who), LOG_U(score));
    else
        LOG(LEARNED_HAM, LOG_T(l->origin), LOG_T(l->who), LOG_U(score));
}

static void conclude(const struct lesson *l, enum lesson_outcome outcome, int32_t log_odds, const char *why)
{
    char detail[48 + 4 * WHO_MOST];
    tell_log(l, outcome, log_odds, why);
    tell_client(l->client, outcome, why);
    if (outcome != LESSON_DONE)
        return;
    snprintf(detail, sizeof detail, "%s: %s", l->origin, lesson_kinds[l->kind]);
    audit_write_soon(l->who, l->client ? "spamd" : "control", "learning.learn", detail, API_DONE);
    was_learned();
}

/* The same for a message however it came here: when, by whom, under which name, and what its text is. */
static bool make_key(const struct scan_example *example, uint8_t key[LEARNED_KEY_BYTES])
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) &&
                EVP_DigestUpdate(digest, example->identity.p, example->identity.n);
    for (uint32_t i = 0; good && i < example->sample.count; i++) {
        uint32_t feature = example->sample.features[i];
        const uint8_t bytes[] = {(uint8_t)(feature >> 24), (uint8_t)(feature >> 16), (uint8_t)(feature >> 8),
                                 (uint8_t)feature};
        if (feature >> SCAN_FEATURE_BITS == SCAN_TEXT)
            good = EVP_DigestUpdate(digest, bytes, sizeof bytes);
    }
    good = good && EVP_DigestFinal_ex(digest, key, NULL);
    EVP_MD_CTX_free(digest);
    return good;
}

/* The worker's word: it has read the message, and may be in its hands. */
static void store(const struct lesson *l, struct span wire)
{
    struct scan_example *example = xcalloc(1, sizeof *example);
    struct learned_change change = {.time = clock_wall_us(),
                                    .kind = l->kind,
                                    .origin = span_text(l->origin),
                                    .who = span_text(l->who),
                                    .is_told = l->is_told};
    uint8_t key[LEARNED_KEY_BYTES];
    struct error error = {""};
    enum lesson_outcome outcome = LESSON_FAILED;
    if (!scan_example_get(wire, example) || example->version != SCAN_EXAMPLE_VERSION ||
        !make_key(example, key))
        error_set(&error, "the answer of the worker cannot be read");
    else
        outcome = store_learned_add(&change, key, example, &error);
    conclude(l, outcome, example->log_odds, error.text);
    free(example);
}

/* ---- the queue ---- */

/* Scan has one at a time; it takes a descriptor, and may need another when it was started anew. */
static void send_first(void)
{
    const struct timeval soon = {.tv_sec = RETRY_SECONDS};
    const struct waiting *w = TAILQ_FIRST(&queue);
    if (!w || is_sent)
        return;
    int fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        event_add(retry_timer, &soon);
        return;
    }
    struct buf body = {0};
    wire_put_u32(&body, ++id);
    is_sent = role_send(ROLE_SCAN, MSG_LESSON, buf_span(&body), fd);
    buf_free(&body);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    send_first();
}

static void drop(struct waiting *w)
{
    TAILQ_REMOVE(&queue, w, place);
    queued--;
    queued_bytes -= w->bytes;
    close(w->fd);
    free(w);
}

static void drop_first(void)
{
    drop(TAILQ_FIRST(&queue));
    is_sent = false;
}

static void finish(const struct lesson *l, struct span example, struct span why)
{
    char text[160];
    snprintf(text, sizeof text, "%.*s", (int)why.n, why.n ? why.p : "");
    if (!lessons_wanted())
        conclude(l, LESSON_OFF, 0, "learning is off");
    else if (example.n)
        store(l, example);
    else
        conclude(l, LESSON_FAILED, 0, text);
}

static void take_read(struct wire_reader *in)
{
    bool is_ours = wire_get_u32(in) == id && is_sent;
    struct span example = wire_get_span(in), why = wire_get_span(in);
    if (!wire_reader_done(in) || !is_ours)
        return;
    const struct waiting *w = TAILQ_FIRST(&queue);
    if (!w->is_dropped)
        finish(&w->lesson, example, why);
    drop_first();
    send_first();
}

/* Scan answers for the first one before it takes another. */
void lessons_drop(const char *why)
{
    struct waiting *w, *next;
    for (w = TAILQ_FIRST(&queue); w; w = next) {
        bool is_at_scan = is_sent && w == TAILQ_FIRST(&queue);
        next = TAILQ_NEXT(w, place);
        if (!w->is_dropped)
            conclude(&w->lesson, LESSON_FAILED, 0, why);
        w->is_dropped = true;
        if (!is_at_scan)
            drop(w);
    }
}

/* NULL: it can wait here. */
static const char *find_obstacle(uint64_t bytes)
{
    if (!store_learned_is_open())
        return "config/learned.db cannot be opened; the log says why";
    if (bytes > BYTES_MOST)
        return "nothing is learned from a message of more than 64 MiB";
    if (queued == LESSONS_MOST || bytes > BYTES_MOST - queued_bytes)
        return "too many messages wait for that";
    return NULL;
}

bool lessons_add(const struct lesson *lesson, int fd)
{
    struct stat file;
    uint64_t bytes = fstat(fd, &file) == 0 ? (uint64_t)file.st_size : 0;
    const char *obstacle = lessons_wanted() ? find_obstacle(bytes) : "learning is off";
    if (obstacle) {
        conclude(lesson, lessons_wanted() ? LESSON_FAILED : LESSON_OFF, 0, obstacle);
        close(fd);
        return false;
    }
    struct waiting *w = xcalloc(1, sizeof *w);
    *w = (struct waiting){.lesson = *lesson, .fd = fd, .bytes = bytes};
    snprintf(w->origin, sizeof w->origin, "%s", lesson->origin);
    snprintf(w->who, sizeof w->who, "%s", lesson->who);
    w->lesson.origin = w->origin;
    w->lesson.who = w->who;
    TAILQ_INSERT_TAIL(&queue, w, place);
    queued++;
    queued_bytes += bytes;
    send_first();
    return true;
}

/* ---- roles ---- */

/* Who has told is by the kernel's word; the user that the request names is only mentioned. */
static void take_tell(struct wire_reader *in, int fd)
{
    struct buf user = {0}, origin = {0};
    struct account account;
    uint64_t client = wire_get_u64(in);
    uint8_t kind = wire_get_u8(in);
    account_look_up(wire_get_u32(in), (gid_t)-1, &account);
    text_from_wire(&user, wire_get_span(in), WHO_MOST);
    buf_printf(&origin, "a message told to spamd");
    if (user.len && strcmp(buf_text(&user), account.user) != 0)
        buf_printf(&origin, " for %s", buf_text(&user));
    in->failed |= kind >= LESSON_KINDS || client == 0 || fd < 0;
    if (wire_reader_done(in))
        lessons_add(&(struct lesson){.kind = (enum lesson_kind)kind,
                                     .origin = buf_text(&origin),
                                     .who = account.user,
                                     .is_told = true,
                                     .client = client},
                    fd);
    else if (fd >= 0)
        close(fd);
    buf_free(&user);
    buf_free(&origin);
}

bool lessons_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_SPAMD && type == MSG_TELL) {
        take_tell(in, fd);
        return true;
    }
    if (peer != ROLE_SCAN || type != MSG_LESSON_READ)
        return false;
    if (fd >= 0)
        close(fd);
    take_read(in);
    return true;
}

void lessons_start(void)
{
    int64_t all = 0, others = 0;
    struct error trouble;
    bool good =
        store_learned_open("config/learned.db", &trouble) && store_learned_count(&all, &others, &trouble);
    if (!good)
        LOG(LEARN_STORE_ERROR, LOG_T(trouble.text));
    if (others)
        LOG(LEARN_OTHER_VERSION, LOG_U((uint64_t)others));
    send_timer = evtimer_new(role_base(), on_send, NULL);
    retry_timer = evtimer_new(role_base(), on_retry, NULL);
    if (!send_timer || !retry_timer)
        abort();
}

/* What scan had is to be sent again, unless nobody wants it any more. */
static void take_back(void)
{
    struct waiting *w = TAILQ_FIRST(&queue);
    if (w && w->is_dropped)
        drop(w);
    is_sent = false;
}

void lessons_peer_up(enum role_id peer)
{
    if (peer != ROLE_SCAN)
        return;
    send_examples();
    take_back();
    send_first();
}

/* Its clients are gone, and the next ones have the same numbers. */
void lessons_peer_down(enum role_id peer)
{
    struct waiting *w;
    if (peer == ROLE_SCAN)
        take_back();
    if (peer == ROLE_SPAMD)
        TAILQ_FOREACH (w, &queue, place)
            w->lesson.client = 0;
}
