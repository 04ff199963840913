/* Sealed memory files. */
#define _GNU_SOURCE /* memfd_create, F_GET_SEALS */
#include "daemon/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int memory_file_new(const char *name)
{
    return memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC);
}

bool memory_file_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n <= 0)
            return false;
        bytes = span_slice(bytes, (size_t)n, bytes.n);
    }
    return true;
}

int memory_file_of(const char *name, struct span bytes)
{
    int fd = memory_file_new(name);
    if (fd < 0 || (write_all(fd, bytes) && memory_file_seal(fd)))
        return fd;
    close(fd);
    return -1;
}

bool memory_file_read(int fd, size_t most, struct buf *out)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
    off_t size = lseek(fd, 0, SEEK_END);
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & needed) != needed || size < 0 || (size_t)size > most)
        return false;
    if (size == 0)
        return true;
    void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    buf_append(out, bytes, (size_t)size);
    munmap(bytes, (size_t)size);
    return true;
}
