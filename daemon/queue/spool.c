/* Appending to the spool, syncing it and using its segments again. */
#define _GNU_SOURCE /* pwritev */
#include "daemon/queue/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/queue/spool_internal.h"
#include "engine/base/xalloc.h"

enum { PAGE_BYTES = 4096, SPARES = 2, SEGMENTS_BEFORE_MOVING = 4 };

void spool_segment_name(uint32_t number, char name[16])
{
    snprintf(name, 16, "%08" PRIu32 ".seg", number);
}

/* Index of the first segment whose number is not below. */
static size_t lower_bound(const struct spool *sp, uint32_t number)
{
    size_t low = 0, high = sp->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sp->segments[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct segment *spool_segment(const struct spool *sp, uint32_t number)
{
    size_t i = lower_bound(sp, number);
    return i < sp->count && sp->segments[i].number == number ? &sp->segments[i] : NULL;
}

static struct segment *add_segment(struct spool *sp, uint32_t number)
{
    if (sp->count == sp->cap) {
        sp->cap = sp->cap ? sp->cap * 2 : 16;
        sp->segments = xreallocarray(sp->segments, sp->cap, sizeof *sp->segments);
    }
    size_t i = lower_bound(sp, number);
    memmove(sp->segments + i + 1, sp->segments + i, (sp->count - i) * sizeof *sp->segments);
    sp->count++;
    sp->segments[i] = (struct segment){.number = number, .fd = -1};
    if (number >= sp->next)
        sp->next = number + 1;
    return &sp->segments[i];
}

static void drop_segment(struct spool *sp, struct segment *seg)
{
    size_t i = (size_t)(seg - sp->segments);
    if (seg->fd >= 0)
        close(seg->fd);
    sp->count--;
    memmove(sp->segments + i, sp->segments + i + 1, (sp->count - i) * sizeof *sp->segments);
}

void spool_segment_remove(struct spool *sp, struct segment *seg)
{
    char name[16];
    spool_segment_name(seg->number, name);
    unlinkat(sp->folder, name, 0); /* a file that stays is found and removed at the next start */
    drop_segment(sp, seg);
}

struct segment *spool_segment_create(struct spool *sp, struct fault *f)
{
    char name[16];
    spool_segment_name(sp->next, name);
    int fd = openat(sp->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        fault_set_errno(f, "cannot make spool segment %s", name);
        sp->next++;
        return NULL;
    }
    struct segment *seg = add_segment(sp, sp->next);
    seg->fd = fd;
    sp->folder_dirty = true;
    return seg;
}

static bool scan_folder(struct spool *sp, struct fault *f)
{
    int copy = openat(sp->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (!dir)
        return fault_set_errno(f, "cannot read the spool folder");
    for (struct dirent *entry; (entry = readdir(dir));) {
        char *end;
        unsigned long number = strtoul(entry->d_name, &end, 10);
        struct stat st;
        if (end == entry->d_name || strcmp(end, ".seg") != 0 || number == 0 || number >= UINT32_MAX ||
            fstatat(sp->folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        add_segment(sp, (uint32_t)number)->size = (uint64_t)st.st_size;
    }
    closedir(dir);
    return true;
}

struct spool *spool_open(const char *folder, uint64_t segment_bytes, struct fault *f)
{
    struct spool *sp = xcalloc(1, sizeof *sp);
    sp->segment_bytes = segment_bytes;
    sp->next = 1;
    sp->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    sp->hash = EVP_MD_CTX_new();
    sp->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sp->folder < 0)
        fault_set_errno(f, "cannot open the spool folder %s", folder);
    else if (!sp->sha256 || !sp->hash)
        fault_set(f, FAULT_BROKEN, "there is no SHA-256");
    else if (scan_folder(sp, f))
        return sp;
    spool_close(sp);
    return NULL;
}

void spool_close(struct spool *sp)
{
    for (size_t i = 0; i < sp->count; i++)
        if (sp->segments[i].fd >= 0)
            close(sp->segments[i].fd);
    if (sp->folder >= 0)
        close(sp->folder);
    EVP_MD_free(sp->sha256);
    EVP_MD_CTX_free(sp->hash);
    free(sp->segments);
    free(sp);
}

static bool is_idle(const struct spool *sp, const struct segment *seg)
{
    return seg->live_count == 0 && seg->number != sp->current && !seg->streaming && !seg->touched;
}

/* An idle segment of the right size under a new name. */
static struct segment *recycle(struct spool *sp)
{
    for (size_t i = 0; i < sp->count; i++) {
        const struct segment *idle = &sp->segments[i];
        if (!is_idle(sp, idle) || idle->distrusted || idle->size != sp->segment_bytes)
            continue;
        char old[16], new[16];
        spool_segment_name(sp->segments[i].number, old);
        spool_segment_name(sp->next, new);
        int fd = openat(sp->folder, old, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (renameat(sp->folder, old, sp->folder, new) != 0) {
            close(fd);
            continue;
        }
        drop_segment(sp, &sp->segments[i]);
        struct segment *seg = add_segment(sp, sp->next);
        seg->fd = fd;
        sp->folder_dirty = true;
        return seg;
    }
    return NULL;
}

static struct segment *begin_segment(struct spool *sp, struct fault *f)
{
    struct segment *seg = recycle(sp);
    if (!seg) {
        seg = spool_segment_create(sp, f);
        if (!seg)
            return NULL;
        errno = posix_fallocate(seg->fd, 0, (off_t)sp->segment_bytes);
        if (errno != 0) {
            fault_set_errno(f, "cannot allocate a spool segment");
            spool_segment_remove(sp, seg);
            return NULL;
        }
    }
    seg->size = sp->segment_bytes;
    sp->current = seg->number;
    return seg;
}

bool spool_write(int fd, struct span head, struct span body, uint64_t offset, struct fault *f)
{
    struct iovec parts[] = {{(char *)head.p, head.n}, {(char *)body.p, body.n}};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n = pwritev(fd, parts, 2, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_set_errno(f, "cannot write to the spool");
        offset += (uint64_t)n;
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return true;
}

static bool append_alone(struct spool *sp, uint64_t mid, struct span body, struct spool_record *record,
                         struct fault *f)
{
    struct spool_stream *st = spool_stream_open(sp, f);
    if (!st)
        return false;
    if (spool_stream_write(st, body, f) && spool_stream_finish(st, mid, record, f)) {
        spool_stream_close(st);
        return true;
    }
    spool_stream_abort(st);
    return false;
}

bool spool_append(struct spool *sp, uint64_t mid, struct span body, struct spool_record *record,
                  struct fault *f)
{
    uint64_t need = SPOOL_HEADER_BYTES + body.n;
    if (need > sp->segment_bytes)
        return append_alone(sp, mid, body, record, f);
    struct segment *seg = spool_segment(sp, sp->current);
    if (seg && seg->end == seg->synced)
        seg->end = (seg->end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (!seg || seg->end + need > seg->size)
        seg = begin_segment(sp, f);
    if (!seg) /* a nearly full disk may still have room for this one */
        return f->kind == FAULT_SPACE && append_alone(sp, mid, body, record, f);
    *record = (struct spool_record){.segment = seg->number, .offset = seg->end, .length = body.n};
    if (EVP_DigestInit_ex2(sp->hash, sp->sha256, NULL) != 1 ||
        EVP_DigestUpdate(sp->hash, body.p, body.n) != 1 ||
        EVP_DigestFinal_ex(sp->hash, record->sha256, NULL) != 1)
        return fault_set(f, FAULT_BROKEN, "SHA-256 failed");
    char header[SPOOL_HEADER_BYTES];
    spool_header_put(header, mid, record);
    seg->touched = true;
    if (!spool_write(seg->fd, span_of(header, sizeof header), body, seg->end, f))
        return false;
    seg->end += need;
    return true;
}

/* Its pages may be marked clean although they never reached the disk: what was synced before stays good. */
static void distrust(struct spool *sp, struct segment *seg)
{
    if (sp->current == seg->number)
        sp->current = 0;
    seg->distrusted = true;
}

bool spool_sync(struct spool *sp, struct fault *f)
{
    bool good = true;
    if (sp->folder_dirty && fsync(sp->folder) != 0)
        good = fault_set_errno(f, "cannot sync the spool folder");
    bool folder_good = good;
    for (size_t i = 0; i < sp->count; i++) {
        struct segment *seg = &sp->segments[i];
        if (!folder_good && seg->streaming)
            distrust(sp, seg); /* its name may never reach the disk */
        if (!seg->touched)
            continue;
        if (folder_good && fdatasync(seg->fd) == 0) {
            seg->synced = seg->end;
            seg->touched = false;
        } else {
            if (folder_good)
                good = fault_set_errno(f, "cannot sync a spool segment");
            distrust(sp, seg);
        }
    }
    if (folder_good)
        sp->folder_dirty = false;
    return good;
}

void spool_rollback(struct spool *sp)
{
    for (size_t i = 0; i < sp->count; i++) {
        if (sp->segments[i].touched) {
            sp->segments[i].end = sp->segments[i].synced;
            sp->segments[i].touched = false;
        }
    }
    spool_tidy(sp);
}

void spool_keep(struct spool *sp, const struct spool_record *record)
{
    if (record->segment >= sp->next)
        sp->next = record->segment + 1;
    struct segment *seg = spool_segment(sp, record->segment);
    if (!seg)
        return; /* the file is missing: reading will say so */
    seg->live_count++;
    seg->live_bytes += record->length;
}

void spool_release(struct spool *sp, const struct spool_record *record)
{
    struct segment *seg = spool_segment(sp, record->segment);
    if (!seg || seg->live_count == 0)
        return;
    seg->live_count--;
    seg->live_bytes -= record->length;
}

void spool_tidy(struct spool *sp)
{
    int spares = 0;
    for (size_t i = sp->count; i-- > 0;) {
        struct segment *seg = &sp->segments[i];
        if (seg->fd >= 0 && seg->number != sp->current && !seg->streaming && !seg->touched) {
            close(seg->fd);
            seg->fd = -1;
        }
        if (!is_idle(sp, seg))
            continue;
        if (seg->distrusted || seg->size != sp->segment_bytes || ++spares > SPARES)
            spool_segment_remove(sp, seg);
    }
}

uint32_t spool_sparse_segment(const struct spool *sp)
{
    if (sp->count <= SEGMENTS_BEFORE_MOVING)
        return 0;
    for (size_t i = 0; i < sp->count; i++) {
        const struct segment *seg = &sp->segments[i];
        if (seg->live_count && !seg->left && !seg->streaming && seg->number != sp->current &&
            seg->live_bytes < sp->segment_bytes / 4 && seg->size == sp->segment_bytes)
            return seg->number;
    }
    return 0;
}

void spool_leave_segment(struct spool *sp, uint32_t segment)
{
    struct segment *seg = spool_segment(sp, segment);
    if (seg)
        seg->left = true;
}

struct spool_figures spool_figures(const struct spool *sp)
{
    struct spool_figures figures = {.segments = (uint32_t)sp->count};
    for (size_t i = 0; i < sp->count; i++)
        figures.live_bytes += sp->segments[i].live_bytes;
    return figures;
}
