/* queue.db against itself, and every body against its SHA-256. */
#include "daemon/store_database.h"
#include "daemon/stores/check.h"
#include "engine/base/arena.h"
#include "engine/judge/judge.h"
#include "engine/smtp/dsn.h"

enum { OFFENCES_MOST = 20, FORMAT_WITH_DSN = 7 };

#define RESTORE "restore a backup"
#define REMOVE "remove the message (removemessage MID, spamquarantine delete MID), or restore a backup"

static const struct {
    int from;
    const char *sql, *help;
} checks[] = {
#define CHECK(from, sql, help) {from, sql, help},
#include "daemon/stores/check_queue.def"
#undef CHECK
};

struct checking {
    struct report *report;
    struct check_queue *c;
    struct bodies *bodies;
    const char *help;
    unsigned offences;
    uint64_t done, all;
};

static bool on_offence(struct span text, void *context)
{
    struct checking *w = context;
    if (w->offences++ == OFFENCES_MOST) {
        report_problem(w->report, w->c->path, w->help, "and more of the kind");
        return false;
    }
    report_problem(w->report, w->c->path, w->help, "%.*s", (int)text.n, text.p);
    return true;
}

static bool check_rows(struct checking *w, sqlite3 *db, struct error *error)
{
    int64_t format;
    if (!database_format(db, &format, error))
        return false;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (format < checks[i].from)
            continue;
        w->help = checks[i].help;
        w->offences = 0;
        if (!database_each_text(db, checks[i].sql, on_offence, w, error))
            return false;
    }
    return true;
}

static bool check_tracked(struct checking *w, sqlite3 *db, struct error *error)
{
    int64_t next;
    if (!database_number(db, "SELECT coalesce(max(next), 0) FROM id_block WHERE kind = 0", &next, error))
        return false;
    if (w->c->tracked >= (uint64_t)next)
        report_problem(w->report, w->c->path, "move track/ away, or restore a backup with --restore",
                       "the next MID is %lld and track/tracking.db knows MID %llu: MIDs would be given twice",
                       (long long)next, (unsigned long long)w->c->tracked);
    return true;
}

static bool check_edits(struct checking *w, sqlite3 *db, struct error *error)
{
    sqlite3_stmt *row =
        database_prepare(db, "SELECT mid, length, edits FROM message WHERE length(edits) > 0", error);
    int code = SQLITE_DONE;
    if (!row)
        return false;
    struct arena *arena = arena_new();
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        const struct judge_edit *edits;
        uint32_t count;
        if (!judge_edits_get(store_column_span(row, 2), (uint64_t)sqlite3_column_int64(row, 1), arena, &edits,
                             &count))
            report_problem(w->report, w->c->path, REMOVE, "MID %lld: what its verdict changes cannot be read",
                           (long long)sqlite3_column_int64(row, 0));
        arena_reset(arena);
    }
    arena_free(arena);
    bool good = code == SQLITE_DONE || database_fail(db, error);
    sqlite3_finalize(row);
    return good;
}

/* What a sender asked for goes into commands to the next hop: the smtp role reads nothing else and would end at it. */
static const struct {
    const char *sql, *name;
    bool (*is_valid)(struct span value);
} dsn_texts[] = {
    {"SELECT mid, envelope_id FROM message WHERE envelope_id <> ''", "ENVID", smtp_envelope_id_is_valid},
    {"SELECT mid, original FROM recipient WHERE original <> ''", "ORCPT", smtp_original_is_valid_utf8},
};

static bool check_dsn_text(struct checking *w, sqlite3 *db, size_t which, struct error *error)
{
    sqlite3_stmt *row = database_prepare(db, dsn_texts[which].sql, error);
    int code = SQLITE_DONE;
    bool more = true;
    if (!row)
        return false;
    w->help = REMOVE;
    w->offences = 0;
    while (more && (code = sqlite3_step(row)) == SQLITE_ROW) {
        struct buf text = {0};
        buf_printf(&text, "MID %lld: its %s is none", (long long)sqlite3_column_int64(row, 0),
                   dsn_texts[which].name);
        if (!dsn_texts[which].is_valid(store_column_span(row, 1)))
            more = on_offence(buf_span(&text), w);
        buf_free(&text);
    }
    bool good = !more || code == SQLITE_DONE || database_fail(db, error);
    sqlite3_finalize(row);
    return good;
}

static bool check_dsn(struct checking *w, sqlite3 *db, struct error *error)
{
    int64_t format;
    bool good = database_format(db, &format, error);
    for (size_t i = 0; good && format >= FORMAT_WITH_DSN && i < sizeof dsn_texts / sizeof dsn_texts[0]; i++)
        good = check_dsn_text(w, db, i, error);
    return good;
}

static bool check_body(const struct body_of *body, void *context)
{
    static const char *const words[] = {
        [BODY_MISSING] = "is not there: its segment is missing",
        [BODY_DAMAGED] = "is not what was written: its record does not match its SHA-256",
        [BODY_UNREADABLE] = "cannot be read",
    };
    struct checking *w = context;
    enum body_outcome outcome = bodies_read(w->bodies, body, NULL);
    report_progress("checking bodies", ++w->done, w->all);
    if (outcome == BODY_WHOLE || outcome == BODY_ENDED ||
        (w->c->is_known_damage && w->c->is_known_damage(body, w->c->context)))
        return true;
    char segment[16];
    spool_segment_name(body->record.segment, segment);
    report_problem(w->report, w->c->spool, REMOVE, "%s, offset %llu: the body of MID %llu %s", segment,
                   (unsigned long long)body->record.offset, (unsigned long long)body->mid, words[outcome]);
    return true;
}

static bool check_bodies(struct checking *w, sqlite3 *db, struct error *error)
{
    uint64_t bytes;
    w->bodies = bodies_open(w->c->spool, w->c->live ? w->c->path : NULL, error);
    if (!w->bodies)
        return false;
    bool good = bodies_count(db, &w->all, &bytes, error) && bodies_each(db, check_body, w, error);
    bodies_close(w->bodies);
    return good;
}

void check_queue(struct report *r, struct check_queue *c)
{
    struct error error;
    struct checking w = {.report = r, .c = c};
    int64_t messages = 0;
    sqlite3 *db = check_open(r, DATABASE_QUEUE, c->path);
    if (!db)
        return;
    if (!check_rows(&w, db, &error) || !check_tracked(&w, db, &error) || !check_edits(&w, db, &error) ||
        !check_dsn(&w, db, &error) || !check_bodies(&w, db, &error) ||
        !database_number(db, "SELECT count(*) FROM message", &messages, &error))
        report_problem(r, c->path, RESTORE, "%s", error.text);
    c->messages = (uint64_t)messages;
    c->bodies = w.all;
    sqlite3_close(db);
}
