/* One log on disk, rolled over by size. */
#define _GNU_SOURCE /* tm_gmtoff */
#include "daemon/log/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

static const char current_suffix[] = ".current";
static const char saved_suffix[] = ".s";

struct log_file {
    int dir, fd;
    char *name;
    char path[128];
    int64_t size, max_bytes, max_saved;
    int64_t last_stamp; /* so that two files never share a name */
};

void log_file_prefix(struct buf *out, int64_t wall_us, const char *level)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    char when[32];
    localtime_r(&seconds, &tm);
    strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", &tm);
    buf_printf(out, "%s %s: ", when, level);
}

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
static void each_file(struct log_file *file, const char *suffix,
                      void (*visit)(struct log_file *, const char *path, void *), void *context)
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

static void save(struct log_file *file, const char *path, void *context)
{
    (void)context;
    char saved[sizeof file->path];
    int stem = (int)(strlen(path) - strlen(current_suffix));
    snprintf(saved, sizeof saved, "%.*s%s", stem, path, saved_suffix);
    renameat(file->dir, path, file->dir, saved);
}

struct oldest {
    int64_t count;
    char path[128];
};

/* Names hold the time of the file, so the smallest is the oldest. */
static void find_oldest(struct log_file *file, const char *path, void *context)
{
    (void)file;
    struct oldest *o = context;
    o->count++;
    if (o->path[0] == '\0' || strcmp(path, o->path) < 0)
        snprintf(o->path, sizeof o->path, "%s", path);
}

static void delete_surplus(struct log_file *file)
{
    for (;;) {
        struct oldest o = {0};
        each_file(file, saved_suffix, find_oldest, &o);
        if (o.count <= file->max_saved || unlinkat(file->dir, o.path, 0) != 0)
            return;
    }
}

static void write_head(struct log_file *file)
{
    int64_t now = clock_wall_us();
    time_t seconds = (time_t)(now / 1000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    struct buf head = {0};
    log_file_prefix(&head, now, "Info");
    buf_printf(&head, "Begin Logfile\n");
    log_file_prefix(&head, now, "Info");
    buf_printf(&head, "Version: %s\n", PACKAGE_VERSION);
    log_file_prefix(&head, now, "Info");
    buf_printf(&head, "Time offset from UTC: %ld seconds\n", tm.tm_gmtoff);
    if (write_all(file->fd, buf_span(&head)))
        file->size += (int64_t)head.len;
    buf_free(&head);
}

static bool begin(struct log_file *file)
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
    file->size = 0;
    if (file->fd < 0)
        return false;
    write_head(file);
    return true;
}

static void end(struct log_file *file)
{
    if (file->fd < 0)
        return;
    struct buf tail = {0};
    log_file_prefix(&tail, clock_wall_us(), "Info");
    buf_printf(&tail, "End Logfile\n");
    write_all(file->fd, buf_span(&tail));
    buf_free(&tail);
    close(file->fd);
    file->fd = -1;
    save(file, file->path, NULL);
    delete_surplus(file);
}

struct log_file *log_file_open(const char *dir, const char *name, int64_t max_bytes, int64_t max_saved,
                               struct error *error)
{
    struct log_file *file = xcalloc(1, sizeof *file);
    *file =
        (struct log_file){.fd = -1, .name = xstrdup(name), .max_bytes = max_bytes, .max_saved = max_saved};
    if (mkdir(dir, 0750) != 0 && errno != EEXIST)
        error_set_errno(error, "cannot make the log folder '%s'", dir);
    else if ((file->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        error_set_errno(error, "cannot open the log folder '%s'", dir);
    else {
        each_file(file, current_suffix, save, NULL);
        if (begin(file))
            return file;
        error_set_errno(error, "cannot begin a log file in '%s'", dir);
        close(file->dir);
    }
    free(file->name);
    free(file);
    return NULL;
}

bool log_file_write(struct log_file *file, struct span lines)
{
    if (file->fd >= 0 && file->size + (int64_t)lines.n > file->max_bytes)
        end(file);
    if (file->fd < 0 && !begin(file))
        return false;
    if (!write_all(file->fd, lines)) {
        /* No half a line for the next one to be glued to; if even this fails, that is all that is lost. */
        if (ftruncate(file->fd, file->size) != 0)
            file->size = file->max_bytes;
        return false;
    }
    file->size += (int64_t)lines.n;
    return true;
}

void log_file_close(struct log_file *file)
{
    end(file);
    close(file->dir);
    free(file->name);
    free(file);
}
