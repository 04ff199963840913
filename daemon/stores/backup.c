/* A copy of the databases, then every body that the copy names, straight into the archive. */
#define _GNU_SOURCE /* O_DIRECTORY */
#include "daemon/stores/backup.h"
#include "daemon/control/secret_key.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "daemon/stores/backup_file.h"
#include "daemon/stores/bodies.h"
#include "daemon/stores/digest.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

/* Copies of the databases, while the backup is made.  In the state folder, as this process may write nowhere else. */
#define WORK_FOLDER "queue/backup.partial"
#define CONFIG_COPY WORK_FOLDER "/config.db"
#define QUEUE_COPY WORK_FOLDER "/queue.db"
#define LEARNED_COPY WORK_FOLDER "/learned.db"

struct backup {
    struct archive *to;
    struct report *report;
    struct error *error;
    struct backup_head head;
    struct backup_manifest manifest;
    sqlite3 *queue; /* the copy */
    struct bodies *bodies;
    uint64_t done, all;
    struct buf body, name;
};

static bool tar_fail(struct backup *b)
{
    return error_set(b->error, "cannot write the backup: %s", strerror(archive_errno(b->to)));
}

static bool begin_member(struct backup *b, const char *name, uint64_t size)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, b->head.time / 1000000, 0);
    bool good = archive_write_header(b->to, entry) == ARCHIVE_OK || tar_fail(b);
    archive_entry_free(entry);
    return good;
}

static bool add_bytes(struct backup *b, struct span bytes)
{
    return bytes.n == 0 || archive_write_data(b->to, bytes.p, bytes.n) == (la_ssize_t)bytes.n || tar_fail(b);
}

static bool add_member(struct backup *b, const char *name, struct span bytes)
{
    return begin_member(b, name, bytes.n) && add_bytes(b, bytes);
}

static bool add_open_file(struct backup *b, const char *name, int fd, char hex[DIGEST_HEX])
{
    struct stat st;
    char chunk[64 * 1024];
    uint8_t sha256[DIGEST_BYTES];
    if (fstat(fd, &st) != 0)
        return error_set_errno(b->error, "cannot read the copy of %s", name);
    bool good = begin_member(b, name, (uint64_t)st.st_size);
    EVP_MD_CTX *digest = digest_begin();
    for (off_t left = st.st_size; good && left > 0;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0)
            good = error_set_errno(b->error, "cannot read the copy of %s", name);
        else
            good = add_bytes(b, span_of(chunk, (size_t)n));
        digest_add(digest, span_of(chunk, n > 0 ? (size_t)n : 0));
        left -= n;
    }
    digest_end(digest, sha256);
    digest_hex(sha256, hex);
    return good;
}

static bool add_file(struct backup *b, const char *name, const char *path, char hex[DIGEST_HEX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(b->error, "cannot read the copy of %s", name);
    bool good = add_open_file(b, name, fd, hex);
    close(fd);
    return good;
}

/* All of it at one moment, without what is deleted. */
static bool copy_database(enum database id, const char *to, struct error *why)
{
    char sql[128];
    sqlite3_snprintf(sizeof sql, sql, "VACUUM INTO %Q", to);
    sqlite3 *db = database_open(id, database_path(id), why);
    bool good = db && database_run(db, "COMMIT", why) && database_run(db, sql, why);
    sqlite3_close(db);
    return good;
}

static bool copy_needed(struct backup *b, enum database id, const char *to)
{
    struct error why;
    return copy_database(id, to, &why) || error_set(b->error, "%s %s", database_path(id), why.text);
}

/* Mail and configuration are worth a backup without it. */
static void copy_learned(struct backup *b)
{
    const char *path = database_path(DATABASE_LEARNED);
    struct error why;
    struct stat st;
    if (access(path, F_OK) != 0 || database_is_blank(path))
        return;
    bool good = copy_database(DATABASE_LEARNED, LEARNED_COPY, &why) &&
                (stat(LEARNED_COPY, &st) == 0 || error_set_errno(&why, "cannot be copied")) &&
                (st.st_size <= BACKUP_LEARNED_MOST || error_set(&why, "is too large"));
    if (good)
        return;
    report_problem(b->report, path, "the backup goes on without it", "%s", why.text);
    unlink(LEARNED_COPY);
}

/* A message that ended since the copy was made, so that its body is gone, does not come back. */
static bool drop_ended(struct backup *b, const struct body_of *body)
{
    static const char *const tables[] = {"recipient", "quarantine", "message"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char sql[256];
        sqlite3_snprintf(sizeof sql, sql,
                         "DELETE FROM %s WHERE mid IN (SELECT mid FROM message WHERE segment = %u AND"
                         " position = %lld)",
                         tables[i], body->record.segment, (long long)body->record.offset);
        if (!database_run(b->queue, sql, b->error))
            return false;
    }
    return true;
}

static bool add_body(const struct body_of *body, void *context)
{
    struct backup *b = context;
    enum body_outcome outcome = bodies_read(b->bodies, body, &b->body);
    report_progress("bodies", ++b->done, b->all);
    if (outcome == BODY_ENDED)
        return drop_ended(b, body);
    buf_clear(&b->name);
    backup_body_name(&b->name, body->mid, &body->record);
    if (outcome == BODY_WHOLE) {
        b->manifest.bodies++;
        return add_member(b, buf_text(&b->name), buf_span(&b->body));
    }
    report_problem(b->report, "queue/spool", "--check tells more; the backup goes on without it",
                   "the body of MID %llu cannot be read (%s)", (unsigned long long)body->mid,
                   buf_text(&b->name));
    json_array_append_new(b->manifest.damaged, json_string(buf_text(&b->name)));
    return true;
}

/* The error is set when a visit ends the walk. */
static bool add_bodies(struct backup *b)
{
    uint64_t bytes;
    b->error->text[0] = '\0';
    return bodies_count(b->queue, &b->all, &bytes, b->error) &&
           bodies_each(b->queue, add_body, b, b->error) && b->error->text[0] == '\0';
}

static bool add_head(struct backup *b)
{
    struct buf text = {0};
    backup_head_put(&text, &b->head);
    bool good = add_member(b, BACKUP_HEAD, buf_span(&text));
    buf_free(&text);
    return good;
}

static bool add_manifest(struct backup *b)
{
    struct buf text = {0};
    backup_manifest_put(&text, &b->manifest);
    bool good = add_member(b, BACKUP_MANIFEST, buf_span(&text));
    buf_free(&text);
    return good;
}

/* That of secrets in configuration files, which only it opens.  One that is not as it was made is none. */
static bool add_secret_key(struct backup *b)
{
    struct stat st;
    int fd = open(BACKUP_SECRET_KEY, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return true;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == SECRET_KEY_BYTES;
    if (!good)
        report_problem(b->report, BACKUP_SECRET_KEY, "the backup goes on without it", "it cannot be read");
    good = !good || add_open_file(b, BACKUP_SECRET_KEY, fd, b->manifest.key_sha256);
    if (fd >= 0)
        close(fd);
    return good;
}

/* The copy of queue.db is closed first, so that what was dropped from it is in the file. */
static bool add_databases(struct backup *b)
{
    int64_t messages;
    bool good = database_number(b->queue, "SELECT count(*) FROM message", &messages, b->error);
    sqlite3_close(b->queue);
    b->queue = NULL;
    b->manifest.messages = (uint64_t)messages;
    return good && add_file(b, database_path(DATABASE_CONFIG), CONFIG_COPY, b->manifest.config_sha256) &&
           add_file(b, database_path(DATABASE_QUEUE), QUEUE_COPY, b->manifest.queue_sha256) &&
           (access(LEARNED_COPY, F_OK) != 0 ||
            add_file(b, database_path(DATABASE_LEARNED), LEARNED_COPY, b->manifest.learned_sha256));
}

static bool write_all(struct backup *b, int fd)
{
    if (!copy_needed(b, DATABASE_CONFIG, CONFIG_COPY) || !copy_needed(b, DATABASE_QUEUE, QUEUE_COPY))
        return false;
    copy_learned(b);
    b->queue = database_open_own(DATABASE_QUEUE, QUEUE_COPY, b->error);
    b->bodies = b->queue ? bodies_open("queue/spool", database_path(DATABASE_QUEUE), b->error) : NULL;
    if (!b->bodies)
        return false;
    archive_write_set_format_pax_restricted(b->to);
    archive_write_add_filter_none(b->to);
    return (archive_write_open_fd(b->to, fd) == ARCHIVE_OK || tar_fail(b)) && add_head(b) && add_bodies(b) &&
           add_secret_key(b) && add_databases(b) && add_manifest(b) &&
           (archive_write_close(b->to) == ARCHIVE_OK || tar_fail(b));
}

static void clear_work_folder(void)
{
    unlink(CONFIG_COPY);
    unlink(QUEUE_COPY);
    unlink(LEARNED_COPY);
}

/* -1: another backup is being made, or there is no such instance. */
static int lock_work_folder(struct error *error)
{
    if (mkdir(WORK_FOLDER, 0700) != 0 && errno != EEXIST) {
        error_set_errno(error, "cannot make the folder %s", WORK_FOLDER);
        return -1;
    }
    int fd = open(WORK_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        clear_work_folder(); /* of a backup that was cut short */
        return fd;
    }
    error_set(error, "another backup of this instance is being made");
    if (fd >= 0)
        close(fd);
    return -1;
}

static void describe(struct backup_head *head)
{
    char name[HOST_NAME_MAX + 1] = "";
    struct buf safe = {0};
    gethostname(name, sizeof name - 1);
    text_from_wire(&safe, span_text(name), sizeof name);
    *head =
        (struct backup_head){.format = BACKUP_FORMAT, .version = PACKAGE_VERSION, .time = clock_wall_us()};
    snprintf(head->hostname, sizeof head->hostname, "%s", buf_text(&safe));
    buf_free(&safe);
}

bool backup_write(int fd, struct report *report, struct error *error)
{
    int lock = lock_work_folder(error);
    if (lock < 0)
        return false;
    struct backup b = {.to = archive_write_new(), .report = report, .error = error};
    b.manifest.damaged = json_array();
    describe(&b.head);
    bool good = write_all(&b, fd);
    if (b.bodies)
        bodies_close(b.bodies);
    sqlite3_close(b.queue);
    archive_write_free(b.to);
    json_decref(b.manifest.damaged);
    buf_free(&b.body);
    buf_free(&b.name);
    clear_work_folder();
    rmdir(WORK_FOLDER);
    close(lock);
    return good;
}
