/* Reading the spool back, trusting nothing of it. */
#define _GNU_SOURCE /* pread, htole64 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/queue/spool_internal.h"

enum { CHUNK_BYTES = 128 * 1024 };

void spool_header_put(char header[SPOOL_HEADER_BYTES], uint64_t mid, const struct spool_record *record)
{
    uint64_t numbers[] = {htole64(mid), htole64(record->length)};
    memcpy(header, SPOOL_MAGIC, SPOOL_MAGIC_BYTES);
    memcpy(header + SPOOL_MAGIC_BYTES, numbers, sizeof numbers);
    memcpy(header + SPOOL_MAGIC_BYTES + sizeof numbers, record->sha256, SPOOL_HASH_BYTES);
}

/* The MID is not compared: children of a split message share the record of their parent. */
static bool header_fits(const char header[SPOOL_HEADER_BYTES], const struct spool_record *record)
{
    uint64_t numbers[2];
    memcpy(numbers, header + SPOOL_MAGIC_BYTES, sizeof numbers);
    return memcmp(header, SPOOL_MAGIC, SPOOL_MAGIC_BYTES) == 0 && le64toh(numbers[1]) == record->length &&
           memcmp(header + SPOOL_MAGIC_BYTES + sizeof numbers, record->sha256, SPOOL_HASH_BYTES) == 0;
}

static ssize_t read_at(int fd, char *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int open_segment(const struct spool *sp, uint32_t number)
{
    char name[16];
    spool_segment_name(number, name);
    return openat(sp->folder, name, O_RDONLY | O_CLOEXEC);
}

static enum spool_result check_header(int fd, const struct spool_record *record)
{
    char header[SPOOL_HEADER_BYTES];
    ssize_t n = read_at(fd, header, sizeof header, record->offset);
    if (n < 0)
        return SPOOL_FAILED;
    return n == sizeof header && header_fits(header, record) ? SPOOL_GOOD : SPOOL_DAMAGED;
}

static enum spool_result read_body(struct spool *sp, int fd, const struct spool_record *record,
                                   spool_sink *sink, void *context)
{
    char chunk[CHUNK_BYTES];
    uint8_t sha256[SPOOL_HASH_BYTES];
    if (EVP_DigestInit_ex2(sp->hash, sp->sha256, NULL) != 1)
        return SPOOL_FAILED;
    for (uint64_t done = 0; done < record->length;) {
        uint64_t rest = record->length - done;
        size_t size = rest < sizeof chunk ? (size_t)rest : sizeof chunk;
        ssize_t n = read_at(fd, chunk, size, record->offset + SPOOL_HEADER_BYTES + done);
        if (n >= 0 && (size_t)n < size)
            return SPOOL_DAMAGED;
        if (n < 0 || EVP_DigestUpdate(sp->hash, chunk, size) != 1 || !sink(context, span_of(chunk, size)))
            return SPOOL_FAILED;
        done += size;
    }
    if (EVP_DigestFinal_ex(sp->hash, sha256, NULL) != 1)
        return SPOOL_FAILED;
    return memcmp(sha256, record->sha256, sizeof sha256) == 0 ? SPOOL_GOOD : SPOOL_DAMAGED;
}

enum spool_result spool_read(struct spool *sp, const struct spool_record *record, spool_sink *sink,
                             void *context)
{
    int fd = open_segment(sp, record->segment);
    if (fd < 0)
        return errno == ENOENT ? SPOOL_DAMAGED : SPOOL_FAILED;
    enum spool_result result = check_header(fd, record);
    if (result == SPOOL_GOOD)
        result = read_body(sp, fd, record, sink, context);
    close(fd);
    return result;
}

size_t spool_read_head(struct spool *sp, const struct spool_record *record, char *bytes, size_t size)
{
    int fd = open_segment(sp, record->segment);
    if (fd < 0)
        return 0;
    ssize_t n = -1;
    if (check_header(fd, record) == SPOOL_GOOD)
        n = read_at(fd, bytes, record->length < size ? (size_t)record->length : size,
                    record->offset + SPOOL_HEADER_BYTES);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}
