/* Reading the files of one log in the order of their names, which hold their times. */
#define _GNU_SOURCE /* scandirat */
#include "daemon/control/log_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_folder(const char *name)
{
    char path[256];
    if (name[0] == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0' ||
        strlen(name) > 64)
        return -1;
    snprintf(path, sizeof path, "log/%s", name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool log_exists(const char *name)
{
    int fd = open_folder(name);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int is_log(const struct dirent *e)
{
    return log_exists(e->d_name);
}

void log_each(void (*visit)(const char *name, void *context), void *context)
{
    struct dirent **entries;
    int count = scandir("log", &entries, is_log, alphasort);
    for (int i = 0; i < count; i++) {
        visit(entries[i]->d_name, context);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static int is_log_file(const struct dirent *e)
{
    return strstr(e->d_name, ".@") != NULL;
}

struct visitor {
    bool (*visit)(struct span line, void *context);
    void *context;
    bool whole_only; /* leave a last line that has no newline */
    bool stopped;
};

/* Returns the number of bytes that are done with. */
static size_t visit_lines(struct span text, struct visitor *v)
{
    size_t done = 0;
    while (done < text.n && !v->stopped) {
        struct span rest = span_slice(text, done, text.n);
        size_t end = span_find(rest, '\n');
        if (end == rest.n && v->whole_only)
            break;
        v->stopped = !v->visit((struct span){rest.p, end}, v->context);
        done += end + (end < rest.n);
    }
    return done;
}

/* Returns the offset behind what was read.  A file that vanishes meanwhile was rolled over or deleted: passed by. */
static off_t read_file(int folder, const char *path, off_t from, struct visitor *v)
{
    struct stat st;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return from;
    void *text = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > from)
        text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (text == MAP_FAILED)
        return from;
    struct span all = {text, (size_t)st.st_size};
    off_t behind = from + (off_t)visit_lines(span_slice(all, (size_t)from, all.n), v);
    munmap(text, all.n);
    return behind;
}

/* The name without its suffix. */
static void stem_of(const char *path, char stem[NAME_MAX + 1])
{
    const char *dot = strrchr(path, '.');
    snprintf(stem, NAME_MAX + 1, "%.*s", (int)(dot - path), path);
}

static void read_from(int folder, const char *path, struct log_position *position, struct visitor *v)
{
    char stem[NAME_MAX + 1];
    stem_of(path, stem);
    int order = strcmp(stem, position->file);
    if (order < 0 || v->stopped)
        return;
    if (order > 0)
        position->offset = 0;
    memcpy(position->file, stem, sizeof stem);
    position->offset = read_file(folder, path, position->offset, v);
}

bool log_read_lines(const char *name, struct log_position *position,
                    bool (*visit)(struct span line, void *context), void *context, struct error *error)
{
    struct dirent **files;
    struct log_position start = {0};
    struct visitor v = {.visit = visit, .context = context};
    int folder = open_folder(name);
    int count = folder < 0 ? -1 : scandirat(folder, ".", &files, is_log_file, alphasort);
    if (count < 0) {
        error_set_errno(error, "cannot read the log %s", name);
        if (folder >= 0)
            close(folder);
        return false;
    }
    for (int i = 0; i < count; i++) {
        v.whole_only = position && i == count - 1;
        read_from(folder, files[i]->d_name, position ? position : &start, &v);
        free(files[i]);
    }
    free(files);
    close(folder);
    return true;
}
