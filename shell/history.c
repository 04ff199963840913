/* The history file: lines are appended as they are typed, so that sessions side by side lose none of each other's; the
 * newest half stays when it has grown too long. */
#define _GNU_SOURCE /* O_NOFOLLOW */
#include "shell/history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/command.h"
#include "engine/base/buf.h"
#include "engine/base/xalloc.h"

enum { LINES_KEPT = 500, BYTES_MOST = 1024 * 1024, MODE_FILE = 0600, MODE_FOLDER = 0700 };

struct history_file {
    int fd;
};

static bool make_folder(const char *path)
{
    return mkdir(path, MODE_FOLDER) == 0 || errno == EEXIST;
}

/* The folder of this user, made when it is missing. */
static bool find_folder(char path[PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    const struct passwd *user = getpwuid(geteuid());
    int length;
    if (state && state[0] == '/') {
        length = snprintf(path, PATH_MAX, "%s", state);
    } else {
        if (!user || user->pw_dir[0] != '/')
            return false;
        length = snprintf(path, PATH_MAX, "%s/.local", user->pw_dir);
        make_folder(path);
        length += snprintf(path + length, PATH_MAX - (size_t)length, "/state");
    }
    make_folder(path);
    size_t used = (size_t)length;
    return used < PATH_MAX - 32 && snprintf(path + used, PATH_MAX - used, "/mailward") > 0 &&
           make_folder(path);
}

static bool read_all(int fd, struct buf *text)
{
    ssize_t got;
    while ((got = read(fd, buf_reserve(text, BYTES_MOST), BYTES_MOST)) > 0 && text->len <= BYTES_MOST)
        text->len += (size_t)got;
    return got >= 0;
}

/* The lines that stay; the others go from the file. */
static struct span newest(int fd, struct span text)
{
    size_t lines = 0, at = text.n;
    while (at > 0 && lines <= LINES_KEPT)
        lines += text.p[--at] == '\n';
    if (lines <= LINES_KEPT)
        return text;
    struct span kept = span_slice(text, at + 1, text.n);
    if (lines > LINES_KEPT && text.n > 2 * kept.n && ftruncate(fd, 0) == 0 &&
        write(fd, kept.p, kept.n) != (ssize_t)kept.n)
        return kept; /* a full disk: what was there is gone, and no mail depends on it */
    return kept;
}

struct history_file *history_file_open(void (*visit)(const char *line, void *context), void *context)
{
    char path[PATH_MAX];
    struct stat facts;
    if (!find_folder(path))
        return NULL;
    snprintf(path + strlen(path), sizeof path - strlen(path), "/history");
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, MODE_FILE);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_uid != geteuid() ||
        fchmod(fd, MODE_FILE) != 0) {
        close(fd);
        return NULL;
    }
    struct buf text = {0};
    if (read_all(fd, &text)) {
        struct span rest = newest(fd, buf_span(&text));
        for (size_t end; (end = span_find(rest, '\n')) < rest.n; rest = span_slice(rest, end + 1, rest.n)) {
            char *line = xmemdup0(rest.p, end);
            visit(line, context);
            free(line);
        }
    }
    buf_free(&text);
    struct history_file *file = xmalloc(sizeof *file);
    file->fd = fd;
    return file;
}

void history_file_add(struct history_file *file, struct span line)
{
    struct buf text = {0};
    if (!file || !line.n || command_line_is_secret(line))
        return;
    buf_append_span(&text, line);
    buf_append_char(&text, '\n');
    if (write(file->fd, text.data, text.len) != (ssize_t)text.len) {
        /* a full disk keeps no history; nobody is to be bothered with that at each line */
    }
    buf_free(&text);
}

void history_file_close(struct history_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}
