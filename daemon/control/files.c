/* Files of the folder configuration/: streamed out, and written under a temporary name that becomes the real one when
 * everything is on disk. */
#define _GNU_SOURCE /* openat, O_NOFOLLOW */
#include "daemon/control/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/audit.h"
#include "daemon/control/session.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

enum { PIECE = 64 * 1024, TEMPORARY_MAX = FILE_NAME_MAX + 32 };

static const char folder[] = "configuration";

/* A plain name: no way out of the folder, and no name of a temporary file, which starts with a dot. */
static bool is_file_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= FILE_NAME_MAX && name[0] != '.' && name[strspn(name, letters)] == '\0';
}

static int open_folder(void)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

const char *files_name_of(uint64_t session, const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "name"));
    if (is_file_name(name))
        return name;
    session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                 "a file name has 1 to %d letters, digits, '.', '_' and '-', and no '.' first: not '%s'",
                 FILE_NAME_MAX, name);
    return NULL;
}

/* ---- reading ---- */

struct reading {
    uint64_t session;
    int fd;
    struct buf held; /* bytes read and not yet passed on: the start of a character */
    char name[FILE_NAME_MAX + 1];
};

static void end_reading(void *context)
{
    struct reading *r = context;
    close(r->fd);
    buf_free(&r->held);
    free(r);
}

/* The bytes at the start of text that are whole characters. */
static size_t whole_characters(struct span text)
{
    size_t n = 0, length;
    while (n < text.n && (length = text_utf8_length(span_slice(text, n, text.n))) > 0)
        n += length;
    return n;
}

/* Passes on one piece; false when that was the end, with the session told. */
static bool read_piece(struct reading *r)
{
    ssize_t got = read(r->fd, buf_reserve(&r->held, PIECE), PIECE);
    if (got < 0) {
        session_fail(r->session, API_ERROR_FAILED, "cannot read '%s': %s", r->name, strerror(errno));
        return false;
    }
    r->held.len += (size_t)got;
    size_t whole = whole_characters(buf_span(&r->held));
    if (got == 0 && r->held.len == 0) {
        session_done(r->session, NULL);
        return false;
    }
    bool has_nul = memchr(r->held.data, '\0', whole) != NULL; /* no text that JSON could carry to a shell */
    if (got == 0 || r->held.len - whole > 3 || has_nul) {
        session_fail(r->session, API_ERROR_FAILED, "'%s' is not a text in UTF-8", r->name);
        return false;
    }
    if (whole)
        session_text(r->session, (struct span){r->held.data, whole});
    buf_consume(&r->held, whole);
    return true;
}

static void resume_reading(void *context)
{
    struct reading *r = context;
    while (!session_is_full(r->session)) {
        if (!read_piece(r)) {
            end_reading(r);
            return;
        }
    }
}

static int open_to_read(const char *name)
{
    struct stat st;
    int dir = open_folder();
    int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (dir >= 0)
        close(dir);
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)) {
        close(fd);
        fd = -1;
        errno = EFBIG;
    }
    return fd;
}

void files_read(uint64_t session, json_t *request)
{
    const char *name = files_name_of(session, request);
    if (!name)
        return;
    int fd = open_to_read(name);
    if (fd < 0) {
        if (errno == ENOENT)
            session_fail(session, API_ERROR_NOT_FOUND, "file 'configuration/%s'", name);
        else
            session_fail(session, API_ERROR_FAILED, "'%s' is no file that can be read: %s", name,
                         strerror(errno));
        return;
    }
    struct reading *r = xcalloc(1, sizeof *r);
    *r = (struct reading){.session = session, .fd = fd};
    memcpy(r->name, name, strlen(name) + 1);
    session_begin_work(session, &(struct session_work){resume_reading, end_reading, r});
    resume_reading(r);
}

/* ---- writing ---- */

static void temporary_name(char name[TEMPORARY_MAX], uint64_t session)
{
    snprintf(name, TEMPORARY_MAX, ".upload-%llu", (unsigned long long)session);
}

/* What an earlier process left behind; once, before the first upload of this one. */
static void remove_leftovers(void)
{
    static bool removed;
    DIR *dir = removed ? NULL : opendir(folder);
    removed = true;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (strncmp(e->d_name, ".upload-", 8) == 0)
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}

void files_drop_upload(uint64_t session, struct file_upload *upload)
{
    char temporary[TEMPORARY_MAX];
    if (!upload->name[0])
        return;
    close(upload->fd);
    temporary_name(temporary, session);
    int dir = open_folder();
    if (dir >= 0) {
        unlinkat(dir, temporary, 0);
        close(dir);
    }
    *upload = (struct file_upload){0};
}

bool files_begin_upload(uint64_t session, const char *name, struct file_upload *upload, struct error *error)
{
    char temporary[TEMPORARY_MAX];
    temporary_name(temporary, session);
    remove_leftovers();
    int dir = open_folder();
    int fd =
        dir < 0 ? -1 : openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (dir >= 0)
        close(dir);
    if (fd < 0)
        return error_set_errno(error, "cannot write '%s'", name);
    *upload = (struct file_upload){.fd = fd};
    memcpy(upload->name, name, strlen(name) + 1);
    return true;
}

bool files_add_to_upload(struct file_upload *upload, const char *text, size_t length, struct error *error)
{
    upload->size += (int64_t)length;
    if (upload->size > FILE_BYTES_MAX)
        return error_set(error, "'%s' is larger than %lld MiB", upload->name,
                         (long long)(FILE_BYTES_MAX >> 20));
    while (length) {
        ssize_t written = write(upload->fd, text, length);
        if (written < 0 && errno != EINTR)
            return error_set_errno(error, "cannot write '%s'", upload->name);
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

bool files_finish_upload(uint64_t session, const struct file_upload *upload, struct error *error)
{
    char temporary[TEMPORARY_MAX];
    temporary_name(temporary, session);
    int dir = open_folder();
    bool good = dir >= 0 && fsync(upload->fd) == 0 && renameat(dir, temporary, dir, upload->name) == 0 &&
                fsync(dir) == 0;
    if (!good)
        error_set_errno(error, "cannot write '%s'", upload->name);
    if (dir >= 0)
        close(dir);
    return good;
}

void files_write(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    struct file_upload *upload = &info->upload;
    const json_t *text = json_object_get(request, "text");
    const char *name = files_name_of(session, request);
    struct error error;
    if (!name)
        return;
    if (json_is_true(json_object_get(request, "first"))) {
        files_drop_upload(session, upload);
        if (!files_begin_upload(session, name, upload, &error)) {
            session_fail(session, API_ERROR_FAILED, "%s", error.text);
            return;
        }
    } else if (strcmp(upload->name, name) != 0) {
        session_fail(session, API_ERROR_WRONG_STATE, "the first piece of '%s' has not come", name);
        return;
    }
    bool last = json_is_true(json_object_get(request, "last"));
    bool good = files_add_to_upload(upload, json_string_value(text), json_string_length(text), &error) &&
                (!last || files_finish_upload(session, upload, &error));
    if (!good || last)
        files_drop_upload(session, upload); /* once renamed, nothing of that name is left to unlink */
    if (last)
        audit_write(info->account.user, info->from, "file.write", name, good ? API_DONE : API_FAILED);
    if (good)
        session_done(session, NULL);
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
}
