/* The check of all stores, what holds for each database, tracking and the archive. */
#define _GNU_SOURCE /* openat, dirfd, O_NOFOLLOW */
#include "daemon/stores/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char damaged_help[] = "restore a backup";

struct offences {
    struct report *report;
    const char *where;
};

static bool on_integrity(struct span text, void *context)
{
    struct offences *o = context;
    if (!span_equal(text, SPAN("ok")))
        report_problem(o->report, o->where, damaged_help, "%.*s", (int)text.n, text.p);
    return true;
}

static bool on_stranger(struct span text, void *context)
{
    struct offences *o = context;
    report_problem(o->report, o->where, "remove it by hand", "no version of mailwardd makes the %.*s",
                   (int)text.n, text.p);
    return true;
}

sqlite3 *check_open(struct report *r, enum database id, const char *path)
{
    struct error error;
    struct offences o = {r, path};
    if (database_is_blank(path))
        return NULL;
    sqlite3 *db = database_open(id, path, &error);
    if (db && database_each_text(db, "PRAGMA integrity_check(20)", on_integrity, &o, &error) &&
        database_each_text(db,
                           "SELECT type || ' ' || name FROM sqlite_schema WHERE type IN ('trigger', 'view')",
                           on_stranger, &o, &error))
        return db;
    report_problem(r, path, NULL, "%s", error.text);
    sqlite3_close(db);
    return NULL;
}

/* Returns the highest MID that it knows. */
static uint64_t check_tracking(struct report *r)
{
    struct error error;
    const char *path = database_path(DATABASE_TRACKING);
    int64_t highest = 0;
    if (access(path, F_OK) != 0)
        return 0; /* removing it is a way to begin anew */
    sqlite3 *db = check_open(r, DATABASE_TRACKING, path);
    if (db && !database_number(db, "SELECT coalesce(max(mid), 0) FROM final", &highest, &error))
        report_problem(r, path, damaged_help, "%s", error.text);
    sqlite3_close(db);
    return (uint64_t)highest;
}

void check_learned(struct report *r, const char *path)
{
    if (access(path, F_OK) == 0)
        sqlite3_close(check_open(r, DATABASE_LEARNED, path));
}

/* Copies for people, that nothing depends on: each file can be read and is an mbox. */
static void check_archive(struct report *r, const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char head[5];
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        ssize_t n = fd >= 0 && entry->d_name[0] != '.' ? read(fd, head, sizeof head) : 0;
        if ((fd < 0 && errno != ENOENT) || n < 0) /* it may just have been saved under another name */
            report_problem(r, folder, "move it away", "%s cannot be read: %s", entry->d_name,
                           strerror(errno));
        else if (n > 0 && memcmp(head, "From ", (size_t)n) != 0)
            report_problem(r, folder, "move it away", "%s is no mbox", entry->d_name);
        if (fd >= 0)
            close(fd);
    }
    if (dir)
        closedir(dir);
}

void check_all(struct report *r)
{
    struct check_config_figures figures = {0};
    /* Tracking first: what it knows, the queue has given out before. */
    struct check_queue queue = {.path = database_path(DATABASE_QUEUE),
                                .spool = "queue/spool",
                                .live = true,
                                .tracked = check_tracking(r)};
    check_queue(r, &queue);
    check_config(r, database_path(DATABASE_CONFIG), &figures);
    check_learned(r, database_path(DATABASE_LEARNED));
    check_archive(r, "archive/antispam");
    check_archive(r, "archive/graymail");
    fprintf(r->to, "%s: revision %llu, %u revisions, %llu messages, %llu bodies: ",
            r->problems ? "not consistent" : "consistent", figures.head, figures.revisions,
            (unsigned long long)queue.messages, (unsigned long long)queue.bodies);
    fprintf(r->to, r->problems == 1 ? "%u problem\n" : "%u problems\n", r->problems);
}
