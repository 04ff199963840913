/* The backup is read and checked as a whole before anything gets to its place. */
#define _GNU_SOURCE /* strftime, localtime_r */
#include "daemon/stores/restore.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/control/secret_key.h"
#include "daemon/protocol_queue.h"
#include "daemon/stores/backup_file.h"
#include "daemon/stores/check.h"
#include "daemon/stores/digest.h"
#include "daemon/stores/staging.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { CHUNK_BYTES = 128 * 1024, JSON_MOST = 64 * 1024 * 1024, SECOND_US = 1000000 };

/* Ids given out since the backup was made must not be given again: they are in logs and in tracking.  Nobody knows how many
 * there were, but no gateway gives out so many a second for long, and these besides for a short while. */
enum { IDS_PER_SECOND = 1000, IDS_BESIDES = 1000000 };

struct restore {
    struct archive *from;
    struct report *report;
    struct error *error;
    struct backup_head head;
    struct backup_manifest manifest;
    char config_sha256[DIGEST_HEX], queue_sha256[DIGEST_HEX], key_sha256[DIGEST_HEX],
        learned_sha256[DIGEST_HEX];
    bool has_head, has_manifest;
    uint64_t bodies;
};

/* What the bytes of a member go to; an empty piece never comes. */
typedef bool member_sink(void *context, struct span piece, struct error *error);

static bool tar_fail(struct restore *r)
{
    const char *why = archive_error_string(r->from);
    return error_set(r->error, "the backup is damaged or cut off: %s", why ? why : "it cannot be read");
}

static bool read_member(struct restore *r, member_sink *sink, void *context)
{
    static char chunk[CHUNK_BYTES];
    for (;;) {
        la_ssize_t n = archive_read_data(r->from, chunk, sizeof chunk);
        if (n < 0)
            return tar_fail(r);
        if (n == 0)
            return true;
        if (!sink(context, span_of(chunk, (size_t)n), r->error))
            return false;
    }
}

static bool to_text(void *context, struct span piece, struct error *error)
{
    struct buf *text = context;
    if (text->len + piece.n > JSON_MOST)
        return error_set(error, "a description in the backup is too long");
    buf_append_span(text, piece);
    return true;
}

static bool read_head(struct restore *r)
{
    struct buf text = {0};
    r->has_head = read_member(r, to_text, &text) && backup_head_get(buf_span(&text), &r->head, r->error);
    buf_free(&text);
    return r->has_head;
}

static bool read_manifest(struct restore *r)
{
    struct buf text = {0};
    r->has_manifest =
        read_member(r, to_text, &text) && backup_manifest_get(buf_span(&text), &r->manifest, r->error);
    buf_free(&text);
    return r->has_manifest;
}

struct file_sink {
    int fd;
    uint64_t room; /* bytes that it may have yet */
    EVP_MD_CTX *digest;
};

static bool to_file(void *context, struct span piece, struct error *error)
{
    struct file_sink *file = context;
    if (piece.n > file->room)
        return error_set(error, "a file of the backup is too long");
    file->room -= piece.n;
    digest_add(file->digest, piece);
    while (piece.n) {
        ssize_t n = write(file->fd, piece.p, piece.n);
        if (n < 0)
            return error_set_errno(error, "cannot write a file of the backup");
        piece = span_slice(piece, (size_t)n, piece.n);
    }
    return true;
}

static bool read_file(struct restore *r, const char *path, uint64_t most, char hex[DIGEST_HEX])
{
    uint8_t sha256[DIGEST_BYTES];
    struct file_sink file = {.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), .room = most};
    if (file.fd < 0)
        return error_set_errno(r->error, "cannot write %s", path);
    file.digest = digest_begin();
    bool good = read_member(r, to_file, &file);
    digest_end(file.digest, sha256);
    digest_hex(sha256, hex);
    close(file.fd);
    return good;
}

static bool to_body(void *context, struct span piece, struct error *error)
{
    return staged_body_write(context, piece, error);
}

static bool read_body(struct restore *r, uint64_t mid, const struct spool_record *place)
{
    struct staged_body *body = staged_body_open(mid, place, r->error);
    if (!body)
        return false;
    bool good = read_member(r, to_body, body);
    r->bodies++;
    return staged_body_close(body, good, r->error) && good;
}

static bool read_entry(struct restore *r, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    uint64_t mid;
    struct spool_record place;
    if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_sparse_count(entry) > 0)
        return error_set(r->error, "there is something in the file that no backup has");
    if (!r->has_head && strcmp(name, BACKUP_HEAD) != 0)
        return error_set(r->error, "this is no backup that mailwardd wrote");
    if (r->has_manifest)
        return error_set(r->error, "the backup goes on behind its end");
    if (!r->has_head)
        return read_head(r);
    if (strcmp(name, BACKUP_MANIFEST) == 0)
        return read_manifest(r);
    if (strcmp(name, database_path(DATABASE_CONFIG)) == 0)
        return read_file(r, STAGED_CONFIG_DB, UINT64_MAX, r->config_sha256);
    if (strcmp(name, database_path(DATABASE_QUEUE)) == 0)
        return read_file(r, STAGED_QUEUE_DB, UINT64_MAX, r->queue_sha256);
    if (strcmp(name, database_path(DATABASE_LEARNED)) == 0)
        return read_file(r, STAGED_LEARNED_DB, BACKUP_LEARNED_MOST, r->learned_sha256);
    if (strcmp(name, BACKUP_SECRET_KEY) == 0)
        return read_file(r, STAGED_SECRET_KEY, SECRET_KEY_BYTES, r->key_sha256);
    if (backup_body_place(name, &mid, &place))
        return read_body(r, mid, &place);
    return error_set(r->error, "there is something in the file that no backup has");
}

static bool read_archive(struct restore *r, int fd)
{
    struct archive_entry *entry;
    int code;
    if (archive_read_support_format_tar(r->from) != ARCHIVE_OK ||
        archive_read_open_fd(r->from, fd, CHUNK_BYTES) != ARCHIVE_OK)
        return tar_fail(r);
    while ((code = archive_read_next_header(r->from, &entry)) == ARCHIVE_OK)
        if (!read_entry(r, entry))
            return false;
    if (code != ARCHIVE_EOF)
        return tar_fail(r);
    return r->has_manifest || error_set(r->error, "the backup is cut off: its last part is missing");
}

static bool compare(struct restore *r)
{
    if (strcmp(r->config_sha256, r->manifest.config_sha256) != 0)
        return error_set(r->error, "the backup is damaged: config.db does not match its SHA-256");
    if (strcmp(r->queue_sha256, r->manifest.queue_sha256) != 0)
        return error_set(r->error, "the backup is damaged: queue.db does not match its SHA-256");
    if (strcmp(r->key_sha256, r->manifest.key_sha256) != 0)
        return error_set(r->error, "the backup is damaged: secret.key does not match its SHA-256");
    if (strcmp(r->learned_sha256, r->manifest.learned_sha256) != 0)
        return error_set(r->error, "the backup is damaged: learned.db does not match its SHA-256");
    if (r->bodies != r->manifest.bodies)
        return error_set(r->error, "the backup is damaged: it has %llu bodies, not %llu",
                         (unsigned long long)r->bodies, (unsigned long long)r->manifest.bodies);
    return true;
}

/* The backup itself names the bodies that it could not read. */
static bool is_known_damage(const struct body_of *body, void *context)
{
    const struct restore *r = context;
    struct buf name = {0};
    bool known = false;
    backup_body_name(&name, body->mid, &body->record);
    for (size_t i = 0; i < json_array_size(r->manifest.damaged) && !known; i++) {
        const char *text = json_string_value(json_array_get(r->manifest.damaged, i));
        known = text && strcmp(text, buf_text(&name)) == 0;
    }
    buf_free(&name);
    return known;
}

/* The same check that --check does, on what was built. */
static bool check_staged(struct restore *r, struct check_config_figures *config, struct check_queue *queue)
{
    unsigned before = r->report->problems;
    *queue = (struct check_queue){
        .path = STAGED_QUEUE_DB, .spool = STAGED_SPOOL, .is_known_damage = is_known_damage, .context = r};
    check_queue(r->report, queue);
    check_config(r->report, STAGED_CONFIG_DB, config);
    check_learned(r->report, STAGED_LEARNED_DB);
    return r->report->problems == before || error_set(r->error, "what is in the backup is not consistent");
}

static uint64_t id_gap(int64_t backup_time)
{
    int64_t age = (clock_wall_us() - backup_time) / SECOND_US;
    return IDS_BESIDES + (age > 0 ? (uint64_t)age * IDS_PER_SECOND : 0);
}

static bool go_on_from(struct restore *r, bool hold)
{
    struct error why;
    char sql[256];
    sqlite3_snprintf(sizeof sql, sql,
                     "UPDATE id_block SET next = next + %lld;"
                     "UPDATE work_queue SET suspended = suspended | %d WHERE %d",
                     (long long)id_gap(r->head.time), QUEUE_PART_DELIVERY, hold);
    sqlite3 *db = database_open_own(DATABASE_QUEUE, STAGED_QUEUE_DB, &why);
    bool good = db && database_run(db, sql, &why);
    sqlite3_close(db);
    return good || error_set(r->error, "cannot prepare the restored queue.db: %s", why.text);
}

static void tell(const struct restore *r, const struct check_config_figures *config,
                 const struct check_queue *queue, bool hold, FILE *out)
{
    struct buf hostname = {0};
    char time_text[64] = "an unknown time";
    time_t seconds = (time_t)(r->head.time / SECOND_US);
    struct tm tm;
    if (localtime_r(&seconds, &tm))
        strftime(time_text, sizeof time_text, "%Y-%m-%d %H:%M:%S %Z", &tm);
    text_from_wire(&hostname, span_text(r->head.hostname), sizeof r->head.hostname); /* it may be anybody's */
    fprintf(out,
            "Restored: revision %llu of the configuration and %llu messages, from the backup of %s of %s.\n"
            "Mail that was delivered since then is delivered again%s.\n",
            config->head, (unsigned long long)queue->messages, buf_text(&hostname), time_text,
            hold ? "; nothing leaves before `resumedel`" : "");
    buf_free(&hostname);
    if (!r->key_sha256[0])
        fprintf(out, "The backup has no config/secret.key: files of saveconfig whose secrets are encrypted "
                     "with the key of "
                     "that machine cannot be loaded here.\n");
    if (!r->learned_sha256[0])
        fprintf(out, "The backup has no config/learned.db: learning begins anew.\n");
    if (json_array_size(r->manifest.damaged))
        fprintf(out, "%zu bodies were damaged when the backup was made; --check names their messages.\n",
                json_array_size(r->manifest.damaged));
}

static bool build(struct restore *r, int fd, bool hold, FILE *out)
{
    struct check_config_figures config = {0};
    struct check_queue queue;
    if (!read_archive(r, fd) || !compare(r) || !check_staged(r, &config, &queue) || !go_on_from(r, hold)) {
        staging_abandon();
        return false;
    }
    if (!staging_finish(r->error))
        return false;
    tell(r, &config, &queue, hold, out);
    return true;
}

bool restore_read(int fd, bool hold, FILE *out, struct report *report, struct error *error)
{
    if (!staging_begin(error))
        return false;
    struct restore r = {.from = archive_read_new(), .report = report, .error = error};
    bool good = build(&r, fd, hold, out);
    archive_read_free(r.from);
    json_decref(r.manifest.damaged);
    return good;
}
