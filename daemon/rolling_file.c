/* A log on disk, rolled over. */
#define _GNU_SOURCE /* O_DIRECTORY, fdatasync */
#include "daemon/rolling_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

static const char current_suffix[] = ".current";
static const char saved_suffix[] = ".s";

struct rolling_file {
    const struct rolling_file_kind *kind;
    int dir, fd; /* fd -1: no current file */
    char *name;
    char path[128];
    int64_t size, head, kept, max_bytes, max_saved;
    bool broken;        /* could not be cut: nothing may follow what is in it */
    int64_t last_stamp; /* so that two files never share a name */
};

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n) {
        ssize_t done = write(fd, bytes.p, bytes.n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes = span_slice(bytes, (size_t)done, bytes.n);
    }
    return true;
}

static bool ends_in(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

/* Calls visit for each file of this log with that suffix. */
static void each_file(struct rolling_file *file, const char *suffix,
                      void (*visit)(struct rolling_file *, const char *path, void *), void *context)
{
    DIR *dir = fdopendir(openat(file->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir)
        return;
    size_t prefix = strlen(file->name);
    for (struct dirent *e; (e = readdir(dir));)
        if (strncmp(e->d_name, file->name, prefix) == 0 && e->d_name[prefix] == '.' &&
            ends_in(e->d_name, suffix))
            visit(file, e->d_name, context);
    closedir(dir);
}

static bool save(struct rolling_file *file, const char *path)
{
    char saved[sizeof file->path];
    int stem = (int)(strlen(path) - strlen(current_suffix));
    snprintf(saved, sizeof saved, "%.*s%s", stem, path, saved_suffix);
    return renameat(file->dir, path, file->dir, saved) == 0;
}

/* One that cannot be saved has its next chance when the log is opened again. */
static void save_old(struct rolling_file *file, const char *path, void *context)
{
    (void)context;
    save(file, path);
}

struct oldest {
    int64_t count;
    char path[128];
};

/* Names hold the time of the file, so the smallest is the oldest. */
static void find_oldest(struct rolling_file *file, const char *path, void *context)
{
    (void)file;
    struct oldest *o = context;
    o->count++;
    if (o->path[0] == '\0' || strcmp(path, o->path) < 0)
        snprintf(o->path, sizeof o->path, "%s", path);
}

static void delete_surplus(struct rolling_file *file)
{
    for (;;) {
        struct oldest o = {0};
        each_file(file, saved_suffix, find_oldest, &o);
        if (o.count <= file->max_saved || unlinkat(file->dir, o.path, 0) != 0)
            return;
    }
}

/* Half of it would not be better than nothing, so a failure is passed over. */
static void put(struct rolling_file *file, void (*text)(struct buf *out))
{
    struct buf out = {0};
    if (!text)
        return;
    text(&out);
    rolling_file_write(file, buf_span(&out));
    buf_free(&out);
}

static bool begin(struct rolling_file *file)
{
    int64_t stamp = clock_wall_us();
    file->last_stamp = stamp > file->last_stamp ? stamp : file->last_stamp + 1;
    time_t seconds = (time_t)(file->last_stamp / 1000000);
    struct tm tm;
    char when[32];
    gmtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%Y%m%dT%H%M%S", &tm);
    snprintf(file->path, sizeof file->path, "%s.@%s.%06d%s", file->name, when,
             (int)(file->last_stamp % 1000000), current_suffix);
    file->fd = openat(file->dir, file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    file->size = file->kept = 0;
    file->broken = false;
    if (file->fd < 0)
        return false;
    if (file->kind->durable && fsync(file->dir) != 0) {
        int number = errno;
        close(file->fd);
        file->fd = -1;
        unlinkat(file->dir, file->path, 0);
        errno = number;
        return false;
    }
    put(file, file->kind->head);
    file->head = file->size;
    return true;
}

/* A file with nothing in it (of a durable one: that is kept) is no file at all: it must not push out an old one. */
static void end(struct rolling_file *file)
{
    bool empty = file->kind->durable ? file->kept == 0 : file->size == file->head;
    put(file, file->kind->tail);
    close(file->fd);
    file->fd = -1;
    if (empty)
        unlinkat(file->dir, file->path, 0);
    else if (save(file, file->path))
        delete_surplus(file);
}

/* What may still be rolled back stays in the current file, whatever its size: else each try of a commit that fails would
 * begin a new file, and in the end have deleted all others. */
static bool must_end(const struct rolling_file *file, uint64_t bytes)
{
    if (file->broken)
        return true;
    if ((uint64_t)file->size + bytes <= (uint64_t)file->max_bytes)
        return false;
    return !file->kind->durable || (file->kept > 0 && file->size == file->kept);
}

struct rolling_file *rolling_file_open(const char *dir, const char *name,
                                       const struct rolling_file_kind *kind, int64_t max_bytes,
                                       int64_t max_saved, struct error *error)
{
    struct rolling_file *file = xcalloc(1, sizeof *file);
    *file = (struct rolling_file){
        .kind = kind, .fd = -1, .name = xstrdup(name), .max_bytes = max_bytes, .max_saved = max_saved};
    if (mkdir(dir, 0750) != 0 && errno != EEXIST)
        error_set_errno(error, "cannot make the folder '%s'", dir);
    else if ((file->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        error_set_errno(error, "cannot open the folder '%s'", dir);
    else {
        each_file(file, current_suffix, save_old, NULL);
        return file;
    }
    free(file->name);
    free(file);
    return NULL;
}

void rolling_file_limit(struct rolling_file *file, int64_t max_bytes, int64_t max_saved)
{
    file->max_bytes = max_bytes;
    file->max_saved = max_saved;
    delete_surplus(file);
}

void rolling_file_roll(struct rolling_file *file)
{
    if (file->fd >= 0)
        end(file);
}

int64_t rolling_file_begun(const struct rolling_file *file)
{
    return file->fd < 0 || file->size == file->head ? 0 : file->last_stamp;
}

bool rolling_file_begin(struct rolling_file *file, uint64_t bytes)
{
    if (file->fd >= 0 && must_end(file, bytes)) {
        if (file->kind->durable && !rolling_file_sync(file))
            return false;
        end(file);
    }
    return file->fd >= 0 || begin(file);
}

bool rolling_file_write(struct rolling_file *file, struct span bytes)
{
    if (write_all(file->fd, bytes)) {
        file->size += (int64_t)bytes.n;
        return true;
    }
    int number = errno;
    rolling_file_cut(file, file->size); /* no half a line for the next one to be glued to */
    errno = number;
    return false;
}

bool rolling_file_add(struct rolling_file *file, struct span record)
{
    return rolling_file_begin(file, record.n) && rolling_file_write(file, record);
}

bool rolling_file_sync(struct rolling_file *file)
{
    return file->fd < 0 || fdatasync(file->fd) == 0;
}

int64_t rolling_file_size(const struct rolling_file *file)
{
    return file->fd < 0 ? 0 : file->size;
}

void rolling_file_cut(struct rolling_file *file, int64_t size)
{
    if (file->fd < 0)
        return;
    if (ftruncate(file->fd, size) == 0)
        file->size = size;
    else
        file->broken = true;
}

void rolling_file_keep(struct rolling_file *file)
{
    file->kept = file->size;
}

void rolling_file_rollback(struct rolling_file *file)
{
    if (file->size > file->kept)
        rolling_file_cut(file, file->kept);
}

void rolling_file_close(struct rolling_file *file)
{
    if (file->fd >= 0)
        end(file);
    close(file->dir);
    free(file->name);
    free(file);
}
