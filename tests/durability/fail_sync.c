/* A disk that fails, preloaded: calls that bring data to disk fail with a probability, or lie.
 *
 * $FAIL_SYNC_CONTROL names a file that is mapped by every process of the instance and by the test, which turns the
 * knobs while they run: see struct control.  A failed sync does not sync.  $FAIL_SYNC_PROGRAM limits all to processes
 * of that name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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
    _Atomic uint32_t failures_per_million; /* of the calls below, on regular files */
    _Atomic uint32_t lie;                  /* 1: every sync says yes and does nothing */
    _Atomic uint64_t calls, failed;
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

/* Sockets and pipes never fail here.  EIO, never ENOSPC: a full disk is another matter and has its own test. */
static bool must_fail(int fd)
{
    struct stat st;
    if (control == NULL || control->failures_per_million == 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    control->calls++;
    if (random_millionth() >= control->failures_per_million)
        return false;
    control->failed++;
    errno = EIO;
    return true;
}

static bool must_lie(void)
{
    return control != NULL && control->lie;
}

#define REPLACE(type, name, parameters, arguments)                                                           \
    type name parameters                                                                                     \
    {                                                                                                        \
        type(*call) parameters = next(#name);                                                                \
        return must_fail(fd) ? -1 : call arguments;                                                          \
    }

#define REPLACE_SYNC(name)                                                                                   \
    int name(int fd)                                                                                         \
    {                                                                                                        \
        int (*call)(int) = next(#name);                                                                      \
        return must_lie() ? 0 : must_fail(fd) ? -1 : call(fd);                                               \
    }

REPLACE_SYNC(fsync)
REPLACE_SYNC(fdatasync)
REPLACE(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
REPLACE(ssize_t, writev, (int fd, const struct iovec *iov, int n), (fd, iov, n))
REPLACE(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
REPLACE(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
REPLACE(ssize_t, pwritev, (int fd, const struct iovec *iov, int n, off_t at), (fd, iov, n, at))
REPLACE(int, ftruncate, (int fd, off_t size), (fd, size))
REPLACE(int, ftruncate64, (int fd, off64_t size), (fd, size))
REPLACE(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
