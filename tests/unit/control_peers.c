/* The roles around control under test. */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include "tests/unit/control_peers.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control/session.h"
#include "daemon/log_lines.h"
#include "engine/base/xalloc.h"
#include "tests/unit/folder_fixture.h"

enum { STATUS_FATAL = 3, DEATH = 0 /* said in place of a message type */ };

struct fake_role fakes[ROLE_COUNT];

static const enum role_id configured[] = {ROLE_LOG, ROLE_QUEUE, ROLE_SCAN, ROLE_SMTP, ROLE_SPAMD, ROLE_PEERS};
enum { CONFIGURED = sizeof configured / sizeof configured[0] };

/* What fake roles are about to say, in order. */
struct said {
    struct said *next;
    enum role_id role;
    uint16_t type;
    struct buf body;
};

static char folder[64];
static struct settings settings;
static struct event_base *base;
static struct buf logged;
static struct said *said;
static bool private_instance;

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
    return private_instance;
}

void role_fatal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    _exit(STATUS_FATAL);
}

/* --- the sessions of people --- */

static struct buf noticed;

void session_notice(uint64_t but, const char *text)
{
    (void)but;
    buf_printf(&noticed, "%s\n", text);
}

bool control_noticed(const char *text)
{
    return span_find_span(buf_span(&noticed), span_text(text)) < noticed.len;
}

/* --- fake roles --- */

static struct buf *say(enum role_id role, uint16_t type)
{
    struct said **last = &said;
    while (*last)
        last = &(*last)->next;
    *last = xcalloc(1, sizeof **last);
    **last = (struct said){.role = role, .type = type};
    return &(*last)->body;
}

static void answer_prepare(enum role_id role)
{
    struct fake_role *f = &fakes[role];
    if (f->never_prepares)
        return;
    if (f->building.number == f->dies_preparing) {
        say(role, DEATH);
        return;
    }
    struct buf *body = say(role, MSG_CONFIG_PREPARED);
    config_revision_put(body, &f->building);
    wire_put_u32(body, f->attempt);
    wire_put_u8(body, f->refuses == NULL);
    wire_put_span(body, span_text(f->refuses));
    if (!f->refuses)
        f->prepared = f->building;
}

static void follow(enum role_id role, struct config_revision head)
{
    struct fake_role *f = &fakes[role];
    f->heads++;
    if (f->never_applies)
        return;
    if (config_revision_equal(&f->prepared, &head))
        f->running = head;
    f->prepared = (struct config_revision){0};
    if (config_revision_equal(&f->running, &head))
        config_revision_put(say(role, MSG_CONFIG_RUNNING), &head);
}

static void receive(enum role_id role, uint16_t type, struct wire_reader *in)
{
    struct fake_role *f = &fakes[role];
    switch (type) {
    case MSG_CONFIG_BEGIN:
        f->building = config_revision_get(in);
        f->attempt = wire_get_u32(in);
        f->prepared = (struct config_revision){0};
        f->rows = f->pieces = 0;
        f->begins++;
        f->whole += wire_get_u8(in);
        break;
    case MSG_CONFIG_ROWS:
        CHECK(wire_get_u32(in) < SCHEMA_TABLE_COUNT);
        f->rows += wire_get_u32(in);
        f->pieces++;
        return;
    case MSG_CONFIG_PREPARE:
        CHECK(wire_get_u64(in) == f->building.number);
        answer_prepare(role);
        break;
    case MSG_CONFIG_HEAD:
        follow(role, config_revision_get(in));
        break;
    default:
        CHECK(!"a message that roles know");
    }
    CHECK(wire_reader_done(in));
}

void role_tell_stale(enum role_id role, const char *why)
{
    snprintf(fakes[role].stale_why, sizeof fakes[role].stale_why, "%s", why);
    fakes[role].stale++;
}

bool role_send(enum role_id role, uint16_t type, struct span body, int fd)
{
    struct wire_reader in = wire_reader_of(body);
    CHECK(fd < 0 && role != ROLE_MASTER);
    if (fakes[role].connected)
        receive(role, type, &in);
    return fakes[role].connected;
}

void fake_up(enum role_id role)
{
    fakes[role].connected = true;
    commit_peer_up(role);
    struct buf *body = say(role, MSG_CONFIG_HELLO);
    config_revision_put(body, &fakes[role].running);
    config_revision_put(body, &fakes[role].prepared);
}

static void forget_words_of(enum role_id role)
{
    for (struct said **p = &said; *p;) {
        struct said *gone = *p;
        if (gone->role != role) {
            p = &gone->next;
            continue;
        }
        *p = gone->next;
        buf_free(&gone->body);
        free(gone);
    }
}

void fake_down(enum role_id role)
{
    struct fake_role *f = &fakes[role];
    forget_words_of(role);
    f->connected = false;
    f->running = f->prepared = f->building = (struct config_revision){0};
    commit_peer_down(role);
}

bool fake_runs(enum role_id role, uint64_t revision)
{
    return fakes[role].running.number == revision && fakes[role].prepared.number == 0;
}

bool all_run(uint64_t revision)
{
    for (int i = 0; i < CONFIGURED; i++)
        if (!fake_runs(configured[i], revision))
            return false;
    return true;
}

/* --- lives --- */

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

int control_logged(const char *text)
{
    int count = 0;
    for (const char *at = buf_text(&logged); (at = strstr(at, text)); at++)
        count++;
    return count;
}

void control_check(bool good, const char *what, const char *file, int line)
{
    if (good)
        return;
    fprintf(stderr, "%s:%d: not so: %s\nlog:\n%s", file, line, what, buf_text(&logged));
    _exit(1);
}

int control_set_up(void **state)
{
    (void)state;
    struct error error;
    snprintf(folder, sizeof folder, "/tmp/test_control.XXXXXX");
    if (!mkdtemp(folder) || chdir(folder) != 0 || mkdir("config", 0700) != 0)
        abort();
    settings_init(&settings);
    private_instance = false;
    return settings_set(&settings, "hostname", "gw.example", &error) ? 0 : 1;
}

int control_tear_down(void **state)
{
    (void)state;
    settings_free(&settings);
    return folder_remove(folder);
}

void control_set_private(bool is_private)
{
    private_instance = is_private;
}

static void live(void (*life)(void))
{
    base = event_base_new();
    log_set_output(keep_line);
    life();
    _exit(0);
}

static int run_life(void (*life)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        live(life);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool control_life(void (*life)(void))
{
    return run_life(life) == 0;
}

bool control_life_fails(void (*life)(void))
{
    return run_life(life) == STATUS_FATAL;
}

void control_start(void)
{
    open_head();
    for (int i = 0; i < CONFIGURED; i++)
        fake_up(configured[i]);
    control_turn();
    CHECK(all_run(head_manifest()->revision));
}

/* The oldest word of a role that does not hold its answers. */
static struct said *next_said(void)
{
    for (struct said **p = &said; *p; p = &(*p)->next) {
        struct said *word = *p;
        if (fakes[word->role].holds_answers)
            continue;
        *p = word->next;
        return word;
    }
    return NULL;
}

void control_turn(void)
{
    struct said *word;
    for (int quiet = 0; quiet < 4; quiet++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        while ((word = next_said())) {
            struct wire_reader in = wire_reader_of(buf_span(&word->body));
            if (word->type == DEATH)
                fake_down(word->role);
            else
                CHECK(commit_message(word->role, word->type, &in));
            CHECK(wire_reader_done(&in));
            buf_free(&word->body);
            free(word);
            quiet = 0;
        }
    }
}

void control_step(int64_t deadline, const char *what, const char *file, int line)
{
    control_check(clock_mono_us() < deadline, what, file, line);
    struct timeval tick = {.tv_usec = 5000};
    event_base_loopexit(base, &tick);
    event_base_dispatch(base);
    control_turn();
}

/* --- candidates --- */

static struct schema_row *route_row(const char *domain, const char *destination)
{
    struct schema_value values[SMTPROUTES_FIELD_COUNT] = {0};
    values[SMTPROUTES_DOMAIN].text = span_text(domain);
    values[SMTPROUTES_DESTINATION].text = span_text(destination);
    return schema_row_new(&schema_tables[SCHEMA_SMTPROUTES], values);
}

void put_route(struct config_candidate *c, const char *domain, const char *destination)
{
    struct config_table *table = config_candidate_take(c, head_place(), SCHEMA_SMTPROUTES);
    config_table_put(&table, route_row(domain, destination));
    config_candidate_give(c, head_place(), SCHEMA_SMTPROUTES, table);
}

void add_routes(struct config_candidate *c, const char *prefix, unsigned count)
{
    struct config_table *table = config_candidate_take(c, head_place(), SCHEMA_SMTPROUTES);
    for (unsigned i = 0; i < count; i++) {
        char domain[64];
        snprintf(domain, sizeof domain, "%s-%06u.example", prefix, i);
        config_table_put(&table, route_row(domain, "mx.example:25"));
    }
    config_candidate_give(c, head_place(), SCHEMA_SMTPROUTES, table);
}

struct span route_of(const struct config_tree *tree, const char *domain)
{
    const struct config_table *table = config_resolve(tree, head_place(), SCHEMA_SMTPROUTES, NULL);
    const struct schema_row *row = config_table_find(table, span_text(domain));
    return row ? schema_row_text(row, SMTPROUTES_DESTINATION) : (struct span){0};
}

static void on_warning(void *context, const char *sentence)
{
    struct outcome *o = context;
    (void)sentence;
    o->warnings++;
}

static void on_conflict(void *context, const struct config_conflict *conflict)
{
    struct outcome *o = context;
    (void)conflict;
    o->conflicts++;
}

static void on_done(void *context, const struct commit_result *result)
{
    struct outcome *o = context;
    CHECK(!o->done);
    o->done = true;
    o->result = *result;
    o->revision = result->manifest ? result->manifest->revision : 0;
    snprintf(o->text, sizeof o->text, "%s", result->text ? result->text : "");
    snprintf(o->role, sizeof o->role, "%s", result->role ? result->role : "");
}

static void start(struct config_candidate *c, const char *commit_id, bool check_only, int64_t confirm_within,
                  struct outcome *o)
{
    struct commit_request request = {.candidate = c, .check_only = check_only};
    request.manifest = (struct manifest){.author = "admin",
                                         .source = "",
                                         .host = "gw.example",
                                         .comment = commit_id,
                                         .confirm_within = confirm_within};
    snprintf(request.manifest.commit_id, sizeof request.manifest.commit_id, "%s", commit_id);
    *o = (struct outcome){0};
    commit_start(&request, &(struct commit_handler){on_warning, on_conflict, on_done, o});
}

void start_commit(struct config_candidate *c, const char *commit_id, struct outcome *o)
{
    start(c, commit_id, false, 0, o);
}

void start_check(struct config_candidate *c, struct outcome *o)
{
    start(c, "check", true, 0, o);
}

void start_confirmed_commit(struct config_candidate *c, const char *commit_id, int64_t within,
                            struct outcome *o)
{
    start(c, commit_id, false, within, o);
}

/* ---- the store ---- */

void open_head(void)
{
    struct error error;
    if (!head_open(&error))
        role_fatal("%s", error.text);
}

int64_t ask_store(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    CHECK(sqlite3_open("config/config.db", &db) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    int64_t value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}
