/* The peers of a queue role under test. */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include "tests/unit/queue_peers.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "tests/unit/folder_fixture.h"

struct sent {
    enum role_id peer;
    uint16_t type;
    struct buf body;
    int fd;
    bool taken;
};

static char folder[64];
static struct settings settings;
static struct event_base *base;
static volatile int64_t wall_shift, mono_shift;
static struct sent *sent;
static size_t sent_count;
static struct buf logged;
static bool up[ROLE_COUNT];
static struct arena *arena;

bool peers_without_config, peers_outbound, peers_archive;
const char *peers_host = "", *peers_recipient = "";
uint8_t peers_notify, peers_returns;
struct span peers_original, peers_envelope_id;
enum deliver_handover peers_handover;
uint64_t peers_judged_by = 7;
bool peers_sync_fails;
int peers_syncs;
int peers_replaced[ROLE_COUNT];

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    peers_syncs++;
    if (!peers_sync_fails)
        return __real_fdatasync(fd);
    errno = EIO;
    return -1;
}

/* --- what the skeleton gives a role --- */

struct event_base *role_base(void)
{
    return base;
}

const struct settings *role_settings(void)
{
    return &settings;
}

bool role_is_private(void)
{
    return true;
}

struct channel *role_peer(enum role_id peer)
{
    return up[peer] ? (struct channel *)&up[peer] : NULL;
}

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    if (!up[peer]) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    sent = xreallocarray(sent, sent_count + 1, sizeof *sent);
    sent[sent_count] = (struct sent){.peer = peer, .type = type, .fd = fd};
    buf_append_span(&sent[sent_count++].body, body);
    return true;
}

void role_fatal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    _exit(3);
}

void role_replace_peer(enum role_id peer, const char *why)
{
    (void)why;
    peers_replaced[peer]++;
    up[peer] = false;
    role_self.peer_down(peer);
}

void role_exit(void)
{
    _exit(0);
}

static bool keep_line(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    if (!log_event_format(&in, &line, &time, &logged))
        abort();
    buf_append_char(&logged, '\n');
    return true;
}

/* --- the configuration --- */

static struct role_config running;

const struct role_config *role_config(void)
{
    return &running;
}

void peers_set_row(enum schema_table_id table, const char *key, unsigned field, const char *value)
{
    const struct schema_table *schema = &schema_tables[table];
    const struct schema_row *row = config_table_find(running.tables[table], span_text(key));
    struct schema_row *preset = row ? NULL : schema_row_preset(schema, span_text(key));
    struct schema_value values[64];
    struct error error;
    CHECK(schema->field_count <= sizeof values / sizeof values[0]);
    memcpy(values, (row ? row : preset)->values, schema->field_count * sizeof values[0]);
    CHECK(schema_value_parse(&schema->fields[field], span_text(value), &values[field], &error));
    config_table_put(&running.tables[table], schema_row_new(schema, values));
    if (preset)
        schema_row_unref(preset);
}

void peers_set_route(const char *domain, const char *destination)
{
    peers_set_row(SCHEMA_SMTPROUTES, domain, SMTPROUTES_DESTINATION, destination);
}

void peers_clear_routes(void)
{
    config_table_clear(&running.tables[SCHEMA_SMTPROUTES]);
}

static void apply(void)
{
    running.revision++;
    role_self.config_apply();
}

void peers_commit(void)
{
    apply();
    peers_turn();
}

void peers_first_config(void)
{
    for (int i = 0; i < SCHEMA_TABLE_COUNT; i++)
        if (schema_tables[i].readers & SCHEMA_QUEUE)
            running.tables[i] = config_table_preset(&schema_tables[i]);
    apply();
}

/* --- lives --- */

void peers_check(bool good, const char *what, const char *file, int line)
{
    if (good)
        return;
    fprintf(stderr, "%s:%d: not so: %s\nlog:\n%s", file, line, what, buf_text(&logged));
    _exit(1);
}

int peers_set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_queue.XXXXXX");
    if (!mkdtemp(folder))
        abort();
    settings_init(&settings);
    peers_set("hostname", "gw.example");
    peers_set("queue.commit-wait", "0"); /* nothing waits for company */
    peers_set("route", "[::1]:25");
    peers_set("spool.segment-bytes", "1048576");
    peers_set("spool.reserve-bytes", "1048576");
    peers_set("spool.ballast-bytes", "1048576");
    return 0;
}

int peers_tear_down(void **state)
{
    (void)state;
    settings_free(&settings);
    return folder_remove(folder);
}

const char *peers_folder(void)
{
    return folder;
}

void peers_set(const char *name, const char *value)
{
    struct error error;
    if (!settings_set(&settings, name, value, &error))
        abort();
}

static void live(void (*life)(void))
{
    struct error error;
    if (chdir(folder) != 0)
        abort();
    base = event_base_new();
    arena = arena_new();
    log_set_output(keep_line);
    clock_use_offsets(&wall_shift, &mono_shift);
    peers_check(role_self.start(&error), "the role starts", __FILE__, __LINE__);
    if (!peers_without_config)
        peers_first_config();
    peers_up(ROLE_LOG);
    peers_up(ROLE_CONTROL);
    life();
    _exit(0);
}

bool peers_life(void (*life)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        live(life);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void loop(void)
{
    for (int i = 0; i < 32; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

void peers_turn(void)
{
    loop();
}

void peers_step(int64_t deadline, const char *what, const char *file, int line)
{
    peers_check(clock_mono_us() < deadline, what, file, line);
    struct timeval tick = {.tv_usec = 10000};
    event_base_loopexit(base, &tick);
    event_base_dispatch(base);
}

void peers_pass_time(double seconds)
{
    wall_shift += (int64_t)(seconds * 1e6);
}

void peers_pass_idle(double seconds)
{
    mono_shift += (int64_t)(seconds * 1e6);
}

void peers_up(enum role_id peer)
{
    if (up[peer] && role_self.peer_down)
        role_self.peer_down(peer);
    up[peer] = true;
    role_self.peer_up(peer);
}

/* --- messages --- */

struct span peers_large_body(void)
{
    static char large[700 * 1024];
    memset(large, 'x', sizeof large);
    return span_of(large, sizeof large);
}

void peers_tell(enum role_id peer, uint16_t type, struct buf *body)
{
    struct wire_reader in = wire_reader_of(buf_span(body));
    role_self.message(peer, type, &in, -1);
    peers_check(wire_reader_done(&in), "the role reads the message", __FILE__, __LINE__);
    buf_free(body);
}

bool peers_take(enum role_id peer, uint16_t type, struct wire_reader *in, int *fd)
{
    for (size_t i = 0; i < sent_count; i++) {
        if (sent[i].taken || sent[i].peer != peer || sent[i].type != type)
            continue;
        sent[i].taken = true;
        *in = wire_reader_of(buf_span(&sent[i].body));
        *fd = sent[i].fd;
        return true;
    }
    return false;
}

int peers_logged(const char *text)
{
    int count = 0;
    for (const char *at = buf_text(&logged); (at = strstr(at, text)); at++)
        count++;
    return count;
}

uint64_t peers_gauge(const char *name)
{
    struct buf body = {0};
    struct wire_reader in;
    int fd;
    wire_put_u32(&body, 1);
    peers_tell(ROLE_CONTROL, MSG_STATUS_QUERY, &body);
    CHECK(peers_take(ROLE_CONTROL, MSG_STATUS_REPLY, &in, &fd));
    wire_get_u32(&in);
    for (uint32_t count = wire_get_u32(&in); count > 0; count--) {
        struct span row = wire_get_span(&in);
        uint64_t value = wire_get_u64(&in);
        if (span_equal(row, span_text(name)))
            return value;
    }
    CHECK(!"a gauge of that name");
    return 0;
}

void peers_smtp_hello(uint64_t mid, uint32_t attempt)
{
    struct buf body = {0};
    struct smtp_delivery_id id = {mid, attempt};
    smtp_hello_put(&body, &(struct smtp_hello){&id, mid != 0});
    peers_up(ROLE_SMTP);
    peers_tell(ROLE_SMTP, MSG_SMTP_HELLO, &body);
    peers_turn();
}

void peers_scan_hello(uint64_t mid)
{
    struct buf body = {0};
    wire_put_u32(&body, 2);
    wire_put_u32(&body, mid != 0);
    if (mid)
        wire_put_u64(&body, mid);
    peers_up(ROLE_SCAN);
    peers_tell(ROLE_SCAN, MSG_SCAN_HELLO, &body);
    peers_turn();
}

static uint32_t split_recipients(const char *words, struct mail_recipient *to, uint32_t most)
{
    uint32_t count = 0;
    for (struct span rest = span_text(words); rest.n && count < most; count++) {
        size_t end = span_find(rest, ' ');
        to[count] = (struct mail_recipient){
            .address = span_slice(rest, 0, end), .notify = peers_notify, .original = peers_original};
        rest = span_slice(rest, end + 1, rest.n);
    }
    return count;
}

void peers_send_mail(uint64_t mid, const char *sender, const char *recipients, struct span message)
{
    enum { FRAME = 64 * 1024 };
    struct mail_recipient to[16];
    struct mail_begin begin = {.mid = mid,
                               .icid = 1,
                               .time = clock_wall_us(),
                               .sender = span_text(sender),
                               .helo = SPAN("client.example"),
                               .client_ip = SPAN("192.0.2.1"),
                               .recipients = to,
                               .outbound = peers_outbound,
                               .returns = peers_returns,
                               .envelope_id = peers_envelope_id,
                               .recipient_count = split_recipients(recipients, to, 16)};
    struct buf body = {0};
    mail_begin_put(&body, &begin);
    peers_tell(ROLE_SMTP, MSG_MAIL_BEGIN, &body);
    for (size_t at = 0; at < message.n; at += FRAME) {
        wire_put_u64(&body, mid);
        wire_put_span(&body, span_slice(message, at, FRAME));
        peers_tell(ROLE_SMTP, MSG_MAIL_DATA, &body);
    }
    wire_put_u64(&body, mid);
    wire_put_u64(&body, message.n);
    wire_put_i64(&body, clock_wall_us());
    wire_put_span(&body, SPAN(""));
    peers_tell(ROLE_SMTP, MSG_MAIL_END, &body);
    peers_turn();
}

bool peers_accepted(uint64_t mid)
{
    struct wire_reader in;
    int fd;
    return peers_take(ROLE_SMTP, MSG_MAIL_ACCEPTED, &in, &fd) && wire_get_u64(&in) == mid;
}

int peers_refused(uint64_t mid)
{
    struct wire_reader in;
    int fd;
    if (!peers_take(ROLE_SMTP, MSG_MAIL_REFUSED, &in, &fd) || wire_get_u64(&in) != mid)
        return 0;
    return wire_get_u16(&in);
}

uint64_t peers_scan_job(void)
{
    struct wire_reader in;
    int fd;
    struct scan_job job;
    if (!peers_take(ROLE_SCAN, MSG_SCAN_JOB, &in, &fd))
        return 0;
    CHECK(fd >= 0);
    close(fd);
    CHECK(scan_job_get(&in, arena, &job));
    return job.mid;
}

void peers_say_verdict(uint64_t mid, uint32_t count, enum judge_verdict verdict, enum judge_action action)
{
    uint32_t rids[16];
    for (uint32_t i = 0; i < count; i++)
        rids[i] = i;
    const struct judge_edit edit = {.offset = 0, .length = 0, .insert = SPAN("X-Judged: yes\r\n")};
    struct judge_child child = {.rids = rids,
                                .rid_count = count,
                                .policy = SPAN("DEFAULT"),
                                .verdict = verdict,
                                .action = action,
                                .score = verdict == JUDGE_OFF ? -1 : 50,
                                .archive = {peers_archive},
                                .host = span_text(peers_host),
                                .recipient = span_text(peers_recipient),
                                .edits = &edit,
                                .edit_count = 1};
    struct buf result = {0}, body = {0};
    judge_result_put(&result, &(struct judge_result){&child, 1});
    wire_put_u64(&body, mid);
    wire_put_u64(&body, peers_judged_by);
    wire_put_span(&body, SPAN(PEERS_VERSIONS));
    wire_put_span(&body, buf_span(&result));
    buf_free(&result);
    peers_tell(ROLE_SCAN, MSG_SCAN_RESULT, &body);
}

void peers_judge(uint64_t mid, uint32_t count, enum judge_verdict verdict, enum judge_action action)
{
    peers_say_verdict(mid, count, verdict, action);
    peers_turn();
}

bool peers_deliver_job(struct deliver_job *job, struct span *text)
{
    struct wire_reader in;
    int fd;
    if (!peers_take(ROLE_SMTP, MSG_DELIVER, &in, &fd))
        return false;
    CHECK(fd >= 0 && deliver_job_get(&in, arena, job));
    off_t size = lseek(fd, 0, SEEK_END);
    char *bytes = arena_alloc(arena, (size_t)size + 1);
    CHECK(pread(fd, bytes, (size_t)size, 0) == size);
    CHECK(write(fd, "x", 1) < 0); /* it is sealed */
    close(fd);
    *text = span_of(bytes, (size_t)size);
    return true;
}

void peers_deliver(const struct deliver_job *job, enum deliver_outcome outcome, const char *reply)
{
    static const uint16_t codes[] = {250, 450, 550};
    static const char *const enhanced[] = {"2.0.0", "4.2.0", "5.1.1"};
    struct deliver_reply replies[16];
    for (uint32_t i = 0; i < job->recipient_count; i++)
        replies[i] = (struct deliver_reply){.rid = job->recipients[i].rid,
                                            .outcome = outcome,
                                            .code = codes[outcome],
                                            .enhanced = span_text(enhanced[outcome]),
                                            .text = span_text(reply)};
    struct deliver_result result = {.mid = job->mid,
                                    .attempt = job->attempt,
                                    .dcid = 9,
                                    .handover = peers_handover,
                                    .remote = SPAN("mx.example.net"),
                                    .replies = replies,
                                    .reply_count = job->recipient_count};
    struct buf body = {0};
    deliver_result_put(&body, &result);
    peers_tell(ROLE_SMTP, MSG_DELIVER_RESULT, &body);
    peers_turn();
}

bool peers_delivery_acknowledged(uint64_t mid, uint32_t attempt)
{
    struct wire_reader in;
    int fd;
    return peers_take(ROLE_SMTP, MSG_DELIVER_ACK, &in, &fd) && wire_get_u64(&in) == mid &&
           wire_get_u32(&in) == attempt;
}

int peers_finals(enum final_kind kind)
{
    int count = 0;
    for (size_t i = 0; i < sent_count; i++) {
        struct wire_reader in = wire_reader_of(buf_span(&sent[i].body));
        struct final_event e;
        if (sent[i].type == MSG_FINAL_EVENT && final_event_get(&in, &e) && e.kind == kind)
            count++;
    }
    return count;
}

void peers_hello(void)
{
    struct buf body = {0};
    peers_smtp_hello(0, 0);
    peers_scan_hello(0);
    wire_put_u8(&body, ID_MID); /* the MIDs 1 to 1000, the first time */
    peers_tell(ROLE_SMTP, MSG_ID_REQUEST, &body);
    peers_turn();
}

void peers_accept_one(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(1));
}

struct deliver_job peers_judge_and_take_job(void)
{
    struct deliver_job job;
    struct span text;
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_SUSPECT, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text));
    CHECK(span_equal(text, JUDGED));
    return job;
}

int peers_files_in(const char *name)
{
    int count = 0;
    DIR *dir = opendir(name);
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}
