/* Folders and files of a restore, until they are renamed. */
#define _GNU_SOURCE /* pwrite, O_DIRECTORY */
#include "daemon/stores/staging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/stores/digest.h"
#include "engine/base/buf.h"
#include "engine/base/xalloc.h"

/* Where stores are, to look whether there are any: a left-over log of SQLite would be played into the new file. */
static const struct {
    const char *folder;
    const char *begins;
} stores[] = {{"config", "config.db"},
              {"config", "secret.key"},
              {"config", "learned.db"},
              {"queue", "queue.db"},
              {"queue/spool", ""}};

static bool is_dot(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
}

/* Visits the names in a folder, in no order; a folder that is not there has none.  False: visit returned false. */
static bool each_name(const char *folder, bool (*visit)(const char *path, const char *name, void *context),
                      void *context)
{
    DIR *dir = opendir(folder);
    bool more = true;
    for (struct dirent *entry; dir && more && (entry = readdir(dir));) {
        struct buf path = {0};
        buf_printf(&path, "%s/%s", folder, entry->d_name);
        more = is_dot(entry) || visit(buf_text(&path), entry->d_name, context);
        buf_free(&path);
    }
    if (dir)
        closedir(dir);
    return more;
}

static bool remove_path(const char *path, const char *name, void *context)
{
    (void)name;
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        each_name(path, remove_path, context);
        rmdir(path);
    } else {
        unlink(path);
    }
    return true;
}

struct search {
    const char *begins;
    struct error *error;
};

static bool refuse_store(const char *path, const char *name, void *context)
{
    struct search *s = context;
    return strncmp(name, s->begins, strlen(s->begins)) != 0 ||
           error_set(
               s->error,
               "there are stores already (%s): restore into a new state folder, or move config, queue and "
               "track away first",
               path);
}

static bool remove_store(const char *path, const char *name, void *context)
{
    const struct search *s = context;
    if (strncmp(name, s->begins, strlen(s->begins)) == 0)
        remove_path(path, name, NULL);
    return true;
}

/* They came from a restore that was cut short while it put them into their places. */
static void remove_stores(void)
{
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        struct search s = {.begins = stores[i].begins};
        each_name(stores[i].folder, remove_store, &s);
    }
}

static bool refuse_stores(struct error *error)
{
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        struct search s = {stores[i].begins, error};
        if (!each_name(stores[i].folder, refuse_store, &s))
            return false;
    }
    return true;
}

void staging_abandon(void)
{
    remove_path(STAGING_CONFIG, "", NULL);
    remove_path(STAGING_QUEUE, "", NULL); /* last: it says that a restore is under way */
}

static bool make_folder(const char *path, struct error *error)
{
    return mkdir(path, 0700) == 0 || error_set_errno(error, "cannot make the folder %s", path);
}

bool staging_begin(struct error *error)
{
    if (access(STAGING_QUEUE, F_OK) == 0) {
        remove_stores();
        staging_abandon();
    }
    if (!refuse_stores(error))
        return false;
    if (make_folder(STAGING_QUEUE, error) && make_folder(STAGED_SPOOL, error) &&
        make_folder(STAGING_CONFIG, error))
        return true;
    staging_abandon();
    return false;
}

static bool sync_path(const char *path, const char *name, void *context)
{
    (void)name;
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &st) == 0 &&
                (!S_ISDIR(st.st_mode) || each_name(path, sync_path, context)) && fsync(fd) == 0;
    if (!good)
        error_set_errno(context, "cannot sync %s", path);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool move(const char *from, const char *to, struct error *error)
{
    return rename(from, to) == 0 || error_set_errno(error, "cannot move %s to %s", from, to);
}

static bool sync_folder(const char *path, struct error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = (fd >= 0 && fsync(fd) == 0) || error_set_errno(error, "cannot sync %s", path);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool move_what_is_there(const char *from, const char *to, struct error *error)
{
    return access(from, F_OK) != 0 || move(from, to, error);
}

bool staging_finish(struct error *error)
{
    bool good = sync_path(STAGING_QUEUE, "", error) && sync_path(STAGING_CONFIG, "", error) &&
                sync_folder("queue", error) && move(STAGED_SPOOL, "queue/spool", error) &&
                move(STAGED_QUEUE_DB, "queue/queue.db", error) &&
                move_what_is_there(STAGED_SECRET_KEY, "config/secret.key", error) &&
                move_what_is_there(STAGED_LEARNED_DB, "config/learned.db", error) &&
                move(STAGED_CONFIG_DB, "config/config.db", error) && sync_folder("queue", error) &&
                sync_folder("config", error);
    if (!good)
        remove_stores();
    staging_abandon();
    return good && sync_folder("queue", error);
}

struct staged_body {
    int fd;
    uint64_t mid;
    struct spool_record record;
    EVP_MD_CTX *digest;
};

struct staged_body *staged_body_open(uint64_t mid, const struct spool_record *place, struct error *error)
{
    char name[16], path[64];
    spool_segment_name(place->segment, name);
    snprintf(path, sizeof path, "%s/%s", STAGED_SPOOL, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(error, "cannot write %s", path);
        return NULL;
    }
    struct staged_body *body = xcalloc(1, sizeof *body);
    *body = (struct staged_body){.fd = fd, .mid = mid, .digest = digest_begin()};
    body->record.segment = place->segment;
    body->record.offset = place->offset;
    return body;
}

static bool write_at(int fd, struct span bytes, uint64_t offset, struct error *error)
{
    while (bytes.n) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(error, "cannot write the spool");
        bytes = span_slice(bytes, (size_t)n, bytes.n);
        offset += (uint64_t)n;
    }
    return true;
}

bool staged_body_write(struct staged_body *body, struct span piece, struct error *error)
{
    uint64_t offset = body->record.offset + SPOOL_HEADER_BYTES + body->record.length;
    digest_add(body->digest, piece);
    body->record.length += piece.n;
    return write_at(body->fd, piece, offset, error);
}

bool staged_body_close(struct staged_body *body, bool keep, struct error *error)
{
    char header[SPOOL_HEADER_BYTES];
    digest_end(body->digest, body->record.sha256);
    spool_header_put(header, body->mid, &body->record);
    bool good = !keep || write_at(body->fd, span_of(header, sizeof header), body->record.offset, error);
    close(body->fd);
    free(body);
    return good;
}
