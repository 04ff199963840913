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

static int is_log_file(const struct dirent *e)
{
    return strstr(e->d_name, ".@") != NULL;
}

static bool visit_lines(struct span text, bool (*visit)(struct span line, void *context), void *context)
{
    while (text.n) {
        size_t end = span_find(text, '\n');
        if (!visit((struct span){text.p, end}, context))
            return false;
        text = span_slice(text, end + 1, text.n);
    }
    return true;
}

/* A file that vanishes meanwhile was rolled over or deleted: passed by. */
static bool read_file(int folder, const char *path, bool (*visit)(struct span line, void *context),
                      void *context)
{
    struct stat st;
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
        if (fd >= 0)
            close(fd);
        return true;
    }
    void *text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (text == MAP_FAILED)
        return true;
    bool go_on = visit_lines((struct span){text, (size_t)st.st_size}, visit, context);
    munmap(text, (size_t)st.st_size);
    return go_on;
}

bool log_read_lines(const char *name, bool (*visit)(struct span line, void *context), void *context,
                    struct error *error)
{
    struct dirent **files;
    int folder = open_folder(name);
    int count = folder < 0 ? -1 : scandirat(folder, ".", &files, is_log_file, alphasort);
    if (count < 0) {
        error_set_errno(error, "cannot read the log %s", name);
        if (folder >= 0)
            close(folder);
        return false;
    }
    bool go_on = true;
    for (int i = 0; i < count; i++) {
        go_on = go_on && read_file(folder, files[i]->d_name, visit, context);
        free(files[i]);
    }
    free(files);
    close(folder);
    return true;
}
