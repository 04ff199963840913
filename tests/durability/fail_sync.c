/* A disk that fails, preloaded: calls that bring data to disk fail with a probability, or lie.
 *
 * $FAIL_SYNC_CONTROL names a file that is mapped by every process of the instance and by the test, which turns the
 * knobs while they run: see struct control.  $FAIL_SYNC_PROGRAM limits all to processes of that name.
 *
 * A failed sync of a spool segment loses data, as with a real disk: the kernel drops the pages it could not write
 * back, or keeps them marked clean until they are evicted, and the next sync says yes.  Without this a program that
 * does not look at the result would get away with it: kill -9 leaves the page cache.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* tests/durability/shim.py knows this layout. */
struct control {
    _Atomic uint32_t failures_per_million;       /* of the calls below, on regular files */
    _Atomic uint32_t spool_failures_per_million; /* of the syncs of spool segments */
    _Atomic uint32_t lie;                        /* 1: every sync says yes and does nothing */
    _Atomic uint64_t calls, failed;
    _Atomic uint64_t lost; /* failed syncs that dropped pages of a spool segment */
};

static struct control *control; /* NULL: this process is left alone */
static uint64_t random_state;

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* Before main(): the process may forbid itself to open files later. */
__attribute__((constructor)) static void prepare(void)
{
    const char *program = getenv("FAIL_SYNC_PROGRAM"), *path = getenv("FAIL_SYNC_CONTROL");
    if (path == NULL || (program != NULL && strcmp(program, program_invocation_short_name) != 0))
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd == -1)
        return;
    void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    control = page == MAP_FAILED ? NULL : page;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    random_state = ((uint64_t)getpid() << 32) ^ (uint64_t)now.tv_nsec ^ 0x9e3779b97f4a7c15u;
}

static uint32_t random_millionth(void)
{
    random_state ^= random_state << 13; /* xorshift64 */
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state % 1000000);
}

static bool fails(uint32_t per_million)
{
    control->calls++;
    if (random_millionth() >= per_million)
        return false;
    control->failed++;
    errno = EIO;
    return true;
}

/* Sockets and pipes never fail here.  EIO, never ENOSPC: a full disk is another matter and has its own test. */
static bool must_fail(int fd)
{
    struct stat st;
    return control != NULL && control->failures_per_million != 0 && fstat(fd, &st) == 0 &&
           S_ISREG(st.st_mode) && fails(control->failures_per_million);
}

static bool must_lie(void)
{
    return control != NULL && control->lie;
}

enum { FD_MAX = 1024, PAGE_BYTES = 4096 };

/* What was written to an open spool segment since its last sync.  One range will do: segments are appended to. */
static struct unsynced {
    bool segment;
    off_t low, high; /* nothing: low >= high */
} unsynced[FD_MAX];

static struct unsynced *unsynced_of(int fd)
{
    return control != NULL && fd >= 0 && fd < FD_MAX && unsynced[fd].segment ? &unsynced[fd] : NULL;
}

static void forget_unsynced(struct unsynced *u)
{
    u->low = INT64_MAX;
    u->high = 0;
}

static void note_open(int fd, const char *path)
{
    size_t length = strlen(path);
    if (fd < 0 || fd >= FD_MAX)
        return;
    unsynced[fd].segment = length > 4 && strcmp(path + length - 4, ".seg") == 0;
    forget_unsynced(&unsynced[fd]);
}

static ssize_t note_written(int fd, off_t at, ssize_t size)
{
    struct unsynced *u = unsynced_of(fd);
    if (u != NULL && size > 0) {
        u->low = at < u->low ? at : u->low;
        u->high = at + size > u->high ? at + size : u->high;
    }
    return size;
}

/* Whole pages, as the kernel does; the file gets no longer. */
static void lose_unsynced(int fd)
{
    static const char zeros[PAGE_BYTES];
    ssize_t (*write_at)(int, const void *, size_t, off_t) = next("pwrite");
    struct unsynced *u = unsynced_of(fd);
    struct stat st;
    if (u == NULL || fstat(fd, &st) != 0)
        return;
    off_t end = (u->high + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (end > st.st_size)
        end = st.st_size;
    for (off_t at = u->low / PAGE_BYTES * PAGE_BYTES; at < end; at += PAGE_BYTES)
        if (write_at(fd, zeros, end - at < PAGE_BYTES ? (size_t)(end - at) : PAGE_BYTES, at) <= 0)
            abort();
    forget_unsynced(u);
    control->lost++;
}

/* A write that knows no position begins where the file offset was. */
static off_t position(int fd)
{
    return unsynced_of(fd) != NULL ? lseek(fd, 0, SEEK_CUR) : 0;
}

#define REPLACE(type, name, parameters, arguments)                                                           \
    type name parameters                                                                                     \
    {                                                                                                        \
        type(*call) parameters = next(#name);                                                                \
        return must_fail(fd) ? -1 : call arguments;                                                          \
    }

#define REPLACE_WRITE(name, parameters, arguments, at)                                                       \
    ssize_t name parameters                                                                                  \
    {                                                                                                        \
        ssize_t(*call) parameters = next(#name);                                                             \
        off_t begin = at;                                                                                    \
        return must_fail(fd) ? -1 : note_written(fd, begin, call arguments);                                 \
    }

static int sync_or_lose(const char *name, int fd)
{
    int (*call)(int) = next(name);
    if (must_lie())
        return 0;
    struct unsynced *u = unsynced_of(fd);
    bool failed = u != NULL ? fails(control->spool_failures_per_million) : must_fail(fd);
    if (failed)
        lose_unsynced(fd);
    else if (call(fd) != 0)
        return -1;
    else if (u != NULL)
        forget_unsynced(u);
    errno = failed ? EIO : errno;
    return failed ? -1 : 0;
}

int fsync(int fd)
{
    return sync_or_lose("fsync", fd);
}

int fdatasync(int fd)
{
    return sync_or_lose("fdatasync", fd);
}

int openat(int folder, const char *path, int flags, ...)
{
    int (*call)(int, const char *, int, ...) = next("openat");
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int fd = call(folder, path, flags, mode);
    note_open(fd, path);
    return fd;
}

REPLACE_WRITE(write, (int fd, const void *data, size_t size), (fd, data, size), position(fd))
REPLACE_WRITE(writev, (int fd, const struct iovec *iov, int n), (fd, iov, n), position(fd))
REPLACE_WRITE(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), at)
REPLACE_WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), at)
REPLACE_WRITE(pwritev, (int fd, const struct iovec *iov, int n, off_t at), (fd, iov, n, at), at)
REPLACE(int, ftruncate, (int fd, off_t size), (fd, size))
REPLACE(int, ftruncate64, (int fd, off64_t size), (fd, size))
REPLACE(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
