/* Delivery into a Maildir. */
#define _GNU_SOURCE /* sync_file_range */
#include "daemon/queue/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { FILES_PER_STEP = 64, BYTES_PER_STEP = 16 * 1024 * 1024, NAME_BYTES = 512 };

struct maildir {
    char hostname[256]; /* with / and : as octal escapes */
    int tmp, new, cur;
};

/* The file for one recipient. */
struct copy {
    struct message *m;
    struct recipient *r;
    int fd;     /* in tmp/; -1: not written */
    bool saved; /* in new/ or cur/, on disk */
    int number; /* errno, when it is not */
    char name[NAME_BYTES];
};

struct step {
    struct copy copies[FILES_PER_STEP];
    int count;
    uint64_t bytes;
};

static bool has_room(const struct step *step)
{
    return step->count < FILES_PER_STEP && step->bytes < BYTES_PER_STEP;
}

static int open_folder(const char *path, const char *name)
{
    char full[4096];
    int n = snprintf(full, sizeof full, "%s/%s", path, name);
    if (n < 0 || (size_t)n >= sizeof full) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (mkdir(full, 0700) != 0 && errno != EEXIST)
        return -1;
    return open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct maildir *maildir_open(struct span path, const char *hostname, struct error *error)
{
    struct maildir *md = xcalloc(1, sizeof *md);
    char *text = xmemdup0(path.p, path.n);
    size_t n = 0;
    for (const char *c = hostname; *c && n + 5 < sizeof md->hostname; c++)
        n += (size_t)snprintf(md->hostname + n, 5, *c == '/' || *c == ':' ? "\\%03o" : "%c",
                              (unsigned char)*c);
    if (mkdir(text, 0700) != 0 && errno != EEXIST)
        error_set_errno(error, "cannot make the Maildir %s", text);
    md->tmp = open_folder(text, "tmp");
    md->new = open_folder(text, "new");
    md->cur = open_folder(text, "cur");
    bool good = md->tmp >= 0 && md->new >= 0 && md->cur >= 0;
    if (!good)
        error_set_errno(error, "cannot use the Maildir %s", text);
    free(text);
    if (good)
        return md;
    maildir_close(md);
    return NULL;
}

void maildir_close(struct maildir *md)
{
    int folders[] = {md->tmp, md->new, md->cur};
    for (int i = 0; i < 3; i++)
        if (folders[i] >= 0)
            close(folders[i]);
    free(md);
}

static void put_name(const struct maildir *md, const struct message *m, uint32_t rid, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "%" PRId64 ".M%" PRIu64 "R%" PRIu32 ".%s", m->received, message_mid(m), rid,
             md->hostname);
}

/* Our file for some recipient, named as put_name() does. */
static bool is_ours(const struct maildir *md, const char *file)
{
    int n = 0;
    return sscanf(file, "%*d.M%*uR%*u.%n", &n) == 0 && n > 0 && strcmp(file + n, md->hostname) == 0;
}

/* What a death left half-written: nobody else writes such files, and it will be written again. */
static bool clear_tmp(const struct maildir *md)
{
    int copy = openat(md->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir)
        return false;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (is_ours(md, entry->d_name))
            unlinkat(md->tmp, entry->d_name, 0);
    closedir(dir);
    return true;
}

static void recover_file(const struct maildir *md, const struct queue *q, const char *file)
{
    int64_t received;
    uint64_t mid;
    uint32_t rid;
    if (sscanf(file, "%" SCNd64 ".M%" SCNu64 "R%" SCNu32 ".", &received, &mid, &rid) != 3)
        return;
    struct message *m = queue_find(q, mid);
    struct recipient *r = m && m->state == RECIPIENT_DELIVER ? message_recipient(m, rid) : NULL;
    if (!r)
        return;
    char name[NAME_BYTES];
    put_name(md, m, rid, name);
    size_t n = strlen(name);
    if (strncmp(file, name, n) == 0 && (file[n] == '\0' || file[n] == ':'))
        r->saved = true;
}

static bool recover_folder(const struct maildir *md, const struct queue *q, int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir)
        return false;
    for (struct dirent *entry; (entry = readdir(dir));)
        recover_file(md, q, entry->d_name);
    closedir(dir);
    return fsync(folder) == 0; /* a name that is seen may not be on disk yet */
}

bool maildir_recover(struct maildir *md, struct queue *q, struct error *error)
{
    return (clear_tmp(md) && recover_folder(md, q, md->new) && recover_folder(md, q, md->cur)) ||
           error_set_errno(error, "cannot read the Maildir");
}

static void put_envelope(struct buf *out, const struct message *m, const struct recipient *r)
{
    buf_append_span(out, SPAN("Return-Path: <"));
    buf_append_span(out, m->sender);
    buf_append_span(out, SPAN(">\r\nDelivered-To: "));
    buf_append_span(out, r->address);
    buf_append_span(out, SPAN("\r\n"));
}

static void drop_copy(const struct maildir *md, struct copy *c)
{
    if (c->fd < 0)
        return;
    close(c->fd);
    c->fd = -1;
    unlinkat(md->tmp, c->name, 0);
}

/* Writes the file and starts its way to the disk, without waiting for that. */
static enum spool_result write_copy(struct maildir *md, struct queue *q, struct copy *c)
{
    put_name(md, c->m, c->r->rid, c->name);
    c->fd = openat(md->tmp, c->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    c->number = errno;
    if (c->fd < 0)
        return SPOOL_FAILED;
    struct buf head = {0};
    put_envelope(&head, c->m, c->r);
    enum spool_result result = body_write(q, c->m, BODY_EDITED, buf_span(&head), c->fd);
    c->number = errno;
    buf_free(&head);
    if (result == SPOOL_GOOD)
        sync_file_range(c->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    else
        drop_copy(md, c);
    return result;
}

/* All files of the step were started together, so the first fsync brings most of the others with it. */
static void sync_copies(struct maildir *md, struct step *step)
{
    bool renamed[FILES_PER_STEP] = {false};
    for (int i = 0; i < step->count; i++) {
        struct copy *c = &step->copies[i];
        if (c->fd < 0)
            continue;
        renamed[i] = fsync(c->fd) == 0 && renameat(md->tmp, c->name, md->new, c->name) == 0;
        c->number = errno;
        if (!renamed[i])
            drop_copy(md, c);
        else
            close(c->fd);
    }
    bool good = fsync(md->new) == 0;
    for (int i = 0; i < step->count; i++) {
        struct copy *c = &step->copies[i];
        if (renamed[i] && !good)
            c->number = errno;
        c->saved = c->saved || (renamed[i] && good);
    }
}

/* The copies of one message are neighbours. */
static void finish_message(struct queue *q, const struct copy *copies, int count)
{
    struct deliver_reply replies[FILES_PER_STEP];
    for (int i = 0; i < count; i++) {
        bool good = copies[i].saved;
        replies[i] = (struct deliver_reply){.rid = copies[i].r->rid,
                                            .outcome = good ? DELIVER_DONE : DELIVER_DEFERRED,
                                            .enhanced = good ? SPAN("2.0.0") : SPAN("4.3.0"),
                                            .text = good ? SPAN("2.0.0 saved")
                                                         : span_text(strerror(copies[i].number))};
    }
    struct message *m = copies[0].m;
    struct deliver_result result = {
        .mid = message_mid(m), .attempt = m->attempt + 1, .replies = replies, .reply_count = (uint32_t)count};
    deliver_finish(q, m, &result, false);
}

/* Adds the due recipients of m, or none and false when its body is damaged. */
static bool add_message(struct maildir *md, struct queue *q, struct step *step, struct message *m,
                        int64_t now, const struct route *route)
{
    int first = step->count;
    for (uint32_t i = 0; i < m->recipient_count && has_room(step); i++) {
        struct recipient *r = &m->recipients[i];
        if (!lane_takes(q, m, r, now, route))
            continue;
        struct copy *c = &step->copies[step->count++];
        *c = (struct copy){.m = m, .r = r, .fd = -1, .saved = r->saved};
        step->bytes += m->body.length;
        if (c->saved || write_copy(md, q, c) != SPOOL_DAMAGED)
            continue;
        while (step->count > first)
            drop_copy(md, &step->copies[--step->count]);
        return false;
    }
    return true;
}

void maildir_step(struct maildir *md, struct queue *q)
{
    static struct step step;
    int64_t now = clock_wall_us();
    step.count = 0;
    step.bytes = 0;
    while (has_room(&step)) {
        struct route route;
        struct message *m = lane_first(q, LANE_LOCAL, now, &route);
        if (!m || route.kind != ROUTE_MAILDIR)
            break;
        lane_remove(q, m);
        if (!add_message(md, q, &step, m, now, &route))
            queue_hold(q, m);
    }
    if (step.count == 0)
        return;
    sync_copies(md, &step);
    for (int i = 0, end; i < step.count; i = end) {
        for (end = i + 1; end < step.count && step.copies[end].m == step.copies[i].m;)
            end++;
        finish_message(q, &step.copies[i], end - i);
    }
}
