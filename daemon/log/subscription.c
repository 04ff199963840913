/* Logs as an administrator has set them. */
#include "daemon/log/subscription.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log/log_file.h"
#include "daemon/log/syslog.h"
#include "engine/base/clock.h"

struct subscription {
    const struct schema_row *row;
    char name[64], folder[80], stem[64]; /* the files are FOLDER/STEM.@TIME.current */
    struct rolling_file *file;           /* NULL: the folder cannot be had */
    struct syslog *syslog;               /* NULL: none */
    struct buf ready;                    /* lines for the file */
    uint64_t unwritten;                  /* lines that the disk did not take, not yet told */
};

struct set {
    struct subscription logs[LOGS_MAX];
    unsigned count;
};

static struct set running, next;
static uint32_t wanting[LINE_COUNT];

/* What the types of logs take, and what they are to a syslog (RFC 3164 4.1.1: mail, daemon, security). */
static const struct log_type {
    unsigned topics; /* bit set */
    enum log_level most;
    int facility;
} types[LOGS_TYPE_COUNT] = {
    [LOGS_MAIL] = {1 << TOPIC_MAIL | 1 << TOPIC_SYSTEM, LOG_TRACE, 2},
    [LOGS_SYSTEM] = {1 << TOPIC_SYSTEM, LOG_TRACE, 3},
    [LOGS_ERROR] = {1 << TOPIC_MAIL | 1 << TOPIC_SYSTEM | 1 << TOPIC_CLI | 1 << TOPIC_UPDATER, LOG_WARNING,
                    3},
    [LOGS_CLI] = {1 << TOPIC_CLI, LOG_TRACE, 10},
    [LOGS_UPDATER] = {1 << TOPIC_UPDATER, LOG_TRACE, 3},
};

/* Severities of RFC 3164 for our levels. */
static const int severities[] = {
    [LOG_CRITICAL] = 2, [LOG_WARNING] = 4, [LOG_INFO] = 6, [LOG_DEBUG] = 7, [LOG_TRACE] = 7};

static const struct log_type *type_of(const struct subscription *s)
{
    return &types[schema_row_number(s->row, LOGS_TYPE)];
}

static bool takes(const struct subscription *s, const struct log_line_row *line)
{
    enum log_level level = (enum log_level)schema_row_number(s->row, LOGS_LEVEL) + LOG_CRITICAL;
    const struct log_type *type = type_of(s);
    return line->shape && type->topics & 1u << line->topic && line->level <= level &&
           line->level <= type->most;
}

static struct subscription *find(struct set *set, struct span name)
{
    for (unsigned i = 0; i < set->count; i++)
        if (span_equal(span_text(set->logs[i].name), name))
            return &set->logs[i];
    return NULL;
}

/* ---- the next revision ---- */

/* Files of mail_logs are mail.@..., as they have always been; those of another name are named in full. */
static void set_names(struct subscription *s)
{
    struct span name = schema_row_key(s->row), ending = SPAN("_logs");
    size_t stem = name.n > ending.n ? name.n - ending.n : 0;
    bool ends = stem && span_equal(span_slice(name, stem, name.n), ending);
    snprintf(s->name, sizeof s->name, "%.*s", (int)name.n, name.p);
    snprintf(s->folder, sizeof s->folder, "log/%.*s", (int)name.n, name.p);
    snprintf(s->stem, sizeof s->stem, "%.*s", ends ? (int)stem : (int)name.n, name.p);
}

static bool open_file(struct subscription *s, struct error *error)
{
    s->file =
        rolling_file_open(s->folder, s->stem, &log_file_kind, schema_row_number(s->row, LOGS_ROLLOVER_SIZE),
                          schema_row_number(s->row, LOGS_FILES), error);
    return s->file != NULL;
}

/* A folder that somebody uses for something else is left alone. */
static bool is_free(const struct subscription *s, struct error *error)
{
    DIR *dir = opendir(s->folder);
    bool good = true;
    size_t stem = strlen(s->stem);
    for (struct dirent *e; dir && (e = readdir(dir));)
        good = good && (e->d_name[0] == '.' ||
                        (strncmp(e->d_name, s->stem, stem) == 0 && strncmp(e->d_name + stem, ".@", 2) == 0));
    if (dir)
        closedir(dir);
    return good ||
           error_set(error, "log '%s': the folder %s is there and holds other files", s->name, s->folder);
}

static bool make(struct subscription *s, struct error *error)
{
    struct error why;
    if (!is_free(s, error))
        return false;
    return open_file(s, &why) || error_set(error, "log '%s': %s", s->name, why.text);
}

bool subscriptions_prepare(const struct config_table *logs, bool must, struct error *error)
{
    struct config_cursor c = config_table_start(logs);
    for (const struct schema_row *row; (row = config_table_next(&c)) && next.count < LOGS_MAX;) {
        struct subscription *s = &next.logs[next.count++];
        *s = (struct subscription){.row = schema_row_ref(row)};
        set_names(s);
        if (find(&running, span_text(s->name)) || (must && open_file(s, error)))
            continue;
        if (!must && !make(s, error)) {
            subscriptions_discard();
            return false;
        }
    }
    return true;
}

/* An empty folder would be a log for `tail`. */
void subscriptions_discard(void)
{
    for (unsigned i = 0; i < next.count; i++) {
        struct subscription *s = &next.logs[i];
        if (s->file) {
            rolling_file_close(s->file);
            rmdir(s->folder);
        }
        schema_row_unref(s->row);
    }
    next.count = 0;
}

/* ---- the switch ---- */

/* What goes on from the running revision. */
static void take_over(struct subscription *s, struct subscription *old)
{
    s->file = old->file;
    s->syslog = old->syslog;
    s->ready = old->ready;
    s->unwritten = old->unwritten;
    old->file = NULL;
    old->syslog = NULL;
    old->ready = (struct buf){0};
    if (s->file)
        rolling_file_limit(s->file, schema_row_number(s->row, LOGS_ROLLOVER_SIZE),
                           schema_row_number(s->row, LOGS_FILES));
}

static void follow_syslog(struct subscription *s)
{
    struct span destination = schema_row_text(s->row, LOGS_SYSLOG);
    struct schema_syslog to;
    struct error error;
    if (s->syslog && !syslog_leads_to(s->syslog, destination)) {
        syslog_close(s->syslog);
        s->syslog = NULL;
    }
    if (!s->syslog && schema_syslog_parse(destination, &to, &error) && to.kind != SYSLOG_NONE)
        s->syslog = syslog_open(destination, s->name);
}

static void end(struct subscription *s)
{
    if (s->file)
        rolling_file_close(s->file);
    if (s->syslog)
        syslog_close(s->syslog);
    buf_free(&s->ready);
    schema_row_unref(s->row);
}

void subscriptions_apply(void)
{
    subscriptions_write();
    for (unsigned i = 0; i < next.count; i++) {
        struct subscription *s = &next.logs[i], *old = find(&running, span_text(s->name));
        if (old)
            take_over(s, old);
        else if (s->file)
            rolling_file_begin(s->file, 0);
        follow_syslog(s);
    }
    for (unsigned i = 0; i < running.count; i++)
        end(&running.logs[i]);
    running = next;
    next.count = 0;
    for (int line = 0; line < LINE_COUNT; line++) {
        wanting[line] = 0;
        for (unsigned i = 0; i < running.count; i++)
            if (takes(&running.logs[i], &log_line_table[line]))
                wanting[line] |= UINT32_C(1) << i;
    }
}

/* ---- lines ---- */

uint32_t subscriptions_wanting(enum log_line line)
{
    return wanting[line];
}

void subscriptions_add(const struct log_record *record)
{
    static struct buf text; /* time, level and text; for a syslog without the time */
    enum log_level level = log_line_table[record->line].level;
    const char *name = log_level_name(level);
    buf_clear(&text);
    log_file_prefix(&text, record->time, name);
    size_t time = text.len - strlen(name) - 2;
    buf_append_span(&text, record->text);
    for (unsigned i = 0; i < running.count; i++) {
        struct subscription *s = &running.logs[i];
        if (!(record->wanted & UINT32_C(1) << i))
            continue;
        buf_append_span(&s->ready, buf_span(&text));
        buf_append_char(&s->ready, '\n');
        if (s->syslog)
            syslog_add(s->syslog, type_of(s)->facility << 3 | severities[level], record->time,
                       span_slice(buf_span(&text), time, text.len));
    }
}

static void write_ready(struct subscription *s)
{
    struct error error;
    if ((s->file || open_file(s, &error)) && rolling_file_add(s->file, buf_span(&s->ready))) {
        if (s->unwritten)
            LOG(LINES_UNWRITTEN, LOG_U(s->unwritten), LOG_T(s->name));
        s->unwritten = 0;
    } else {
        for (size_t i = 0; i < s->ready.len; i++)
            s->unwritten += s->ready.data[i] == '\n';
    }
    buf_clear(&s->ready);
}

void subscriptions_write(void)
{
    for (unsigned i = 0; i < running.count; i++)
        if (running.logs[i].ready.len)
            write_ready(&running.logs[i]);
}

/* ---- rollover ---- */

static bool roll(struct subscription *s)
{
    if (!s->file)
        return false;
    rolling_file_roll(s->file);
    return rolling_file_begin(s->file, 0);
}

static bool is_old(const struct subscription *s, int64_t now)
{
    int64_t most = schema_row_number(s->row, LOGS_ROLLOVER_TIME) * 60 * 1000000;
    int64_t begun = most && s->file ? rolling_file_begun(s->file) : 0;
    return begun && now >= begun + most;
}

void subscriptions_tick(void)
{
    int64_t now = clock_wall_us();
    for (unsigned i = 0; i < running.count; i++) {
        if (is_old(&running.logs[i], now))
            roll(&running.logs[i]);
        if (running.logs[i].syslog)
            syslog_tick(running.logs[i].syslog);
    }
}

uint32_t subscriptions_roll(struct span name, struct buf *rolled)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < running.count; i++)
        if ((name.n == 0 || span_equal(span_text(running.logs[i].name), name)) && roll(&running.logs[i])) {
            wire_put_span(rolled, span_text(running.logs[i].name));
            count++;
        }
    return count;
}

void subscriptions_close(void)
{
    subscriptions_write();
    for (unsigned i = 0; i < running.count; i++)
        end(&running.logs[i]);
    running.count = 0;
    memset(wanting, 0, sizeof wanting);
}
