/* The history file: lines are appended as they are typed, so that sessions side by side lose none of each other's; the
 * newest lines stay when it has grown too long. */
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
#include "shell/words.h"

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

/* The end of the file: of one that has grown beyond BYTES_MOST, the whole lines of its last part. */
static bool read_end(int fd, off_t size, struct buf *text)
{
    off_t from = size > BYTES_MOST ? size - BYTES_MOST : 0;
    ssize_t got = 0;
    while (text->len < BYTES_MOST &&
           (got = pread(fd, buf_reserve(text, BYTES_MOST), BYTES_MOST, from + (off_t)text->len)) > 0)
        text->len += (size_t)got;
    size_t cut = from ? span_find(buf_span(text), '\n') : 0;
    buf_consume(text, cut + (cut < text->len && from));
    return got >= 0;
}

static void keep_only(int fd, struct span text)
{
    if (ftruncate(fd, 0) == 0 && write(fd, text.p, text.n) != (ssize_t)text.n) {
        /* a full disk: what was there is gone, and no mail depends on it */
    }
}

/* The lines that count. */
static struct span newest(struct span text)
{
    size_t lines = 0, at = text.n;
    while (at > 0 && lines <= LINES_KEPT)
        lines += text.p[--at] == '\n';
    return lines > LINES_KEPT ? span_slice(text, at + 1, text.n) : text;
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
    if (read_end(fd, facts.st_size, &text)) {
        struct span rest = newest(buf_span(&text));
        if (facts.st_size > BYTES_MOST || text.len > 2 * rest.n)
            keep_only(fd, rest);
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

/* Commands without a secret.  What is none may be the lines of one that was pasted where nobody asked for it. */
static bool may_be_kept(struct span line)
{
    struct arena *arena = arena_new();
    const char *rest = arena_text(arena, line);
    struct words words;
    struct error error = {0};
    bool good = true;
    while (good && words_next(&rest, arena, &words, &error))
        good = command_find(words.word[0]) && command_secret_word(words.count, words.word) == words.count;
    arena_free(arena);
    return good && !error.text[0];
}

void history_file_add(struct history_file *file, struct span line)
{
    struct buf text = {0};
    if (!file || !line.n || !may_be_kept(line))
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
