/* Walking folders, mapping files, cutting mbox files into messages. */
#define _GNU_SOURCE /* O_CLOEXEC */
#include "daemon/offline/mail_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"

enum { DEEPEST_FOLDER = 32 };

/* A folder that is being walked, and the one that it is in: a link may lead back to any of them. */
struct walked {
    dev_t device;
    ino_t inode;
    unsigned depth;
    const struct walked *above;
};

/* Where the line after the one at offset begins. */
static size_t next_line(struct span s, size_t offset)
{
    return offset + span_find(span_slice(s, offset, s.n), '\n') + 1;
}

/* "From SENDER DATE" with the year at the end: prose that begins with "From " has none. */
static bool is_mbox_separator(struct span line)
{
    line = span_trim(line);
    if (line.n < 10 || memcmp(line.p, "From ", 5) != 0)
        return false;
    for (size_t i = line.n - 4; i < line.n; i++)
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
    return true;
}

/* The end of the mbox message that begins at offset: the next separator after an empty line. */
static size_t mbox_message_end(struct span file, size_t offset)
{
    bool after_empty = false;
    while (offset < file.n) {
        struct span line = span_slice(file, offset, next_line(file, offset) - offset);
        if (after_empty && is_mbox_separator(line))
            return offset;
        after_empty = span_trim(line).n == 0;
        offset += line.n;
    }
    return file.n;
}

static void visit_mbox(struct span file, const char *path, mail_files_visit *visit, void *context)
{
    struct buf name = {0};
    size_t offset = 0;
    for (unsigned number = 1; offset < file.n; number++) {
        size_t begin = next_line(file, offset);
        size_t end = mbox_message_end(file, begin);
        buf_clear(&name);
        buf_printf(&name, number == 1 ? "%s" : "%s#%u", path, number);
        visit(context, buf_text(&name), span_slice(file, begin, end > begin ? end - begin : 0));
        offset = end;
    }
    buf_free(&name);
}

static bool visit_bytes(int fd, size_t size, const char *path, mail_files_visit *visit, void *context,
                        struct error *error)
{
    if (size == 0) {
        visit(context, path, SPAN(""));
        return true;
    }
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return error_set_errno(error, "%s: cannot map", path);
    struct span file = span_of(bytes, size);
    if (span_equal(span_slice(file, 0, 5), SPAN("From ")))
        visit_mbox(file, path, visit, context);
    else
        visit(context, path, file);
    munmap(bytes, size);
    return true;
}

static bool walk(const char *path, const struct walked *above, mail_files_visit *visit, void *context,
                 struct error *error);

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool is_loop(const struct walked *folder)
{
    for (const struct walked *w = folder->above; w; w = w->above)
        if (w->device == folder->device && w->inode == folder->inode)
            return true;
    return folder->depth > DEEPEST_FOLDER;
}

/* What cannot be read does not keep the rest from being visited: mail moves while it is looked at. */
static bool walk_folder(const char *path, const struct walked *folder, mail_files_visit *visit, void *context,
                        struct error *error)
{
    struct dirent **entries;
    if (is_loop(folder))
        return error_set(error, "%s: folders too deep, or a link that leads back", path);
    int count = scandir(path, &entries, not_hidden, alphasort);
    if (count < 0)
        return error_set_errno(error, "%s", path);
    bool ok = true;
    struct buf child = {0};
    struct error why;
    for (int i = 0; i < count; i++) {
        buf_clear(&child);
        buf_printf(&child, "%s/%s", path, entries[i]->d_name);
        if (!walk(buf_text(&child), folder, visit, context, &why) && ok)
            ok = error_set(error, "%s", why.text);
        free(entries[i]);
    }
    buf_free(&child);
    free(entries);
    return ok;
}

static bool walk(const char *path, const struct walked *above, mail_files_visit *visit, void *context,
                 struct error *error)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO must not hold us up */
    if (fd < 0 || fstat(fd, &st) != 0) {
        error_set_errno(error, "%s", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    const struct walked here = {st.st_dev, st.st_ino, above ? above->depth + 1 : 0, above};
    bool ok = S_ISREG(st.st_mode)   ? visit_bytes(fd, (size_t)st.st_size, path, visit, context, error)
              : S_ISDIR(st.st_mode) ? walk_folder(path, &here, visit, context, error)
                                    : error_set(error, "%s: neither a file nor a folder", path);
    close(fd);
    return ok;
}

bool mail_files_walk(const char *path, mail_files_visit *visit, void *context, struct error *error)
{
    return walk(path, NULL, visit, context, error);
}
