/* What the files of the spool share and nobody else sees. */
#ifndef QUEUE_SPOOL_INTERNAL_H
#define QUEUE_SPOOL_INTERNAL_H

#include <openssl/evp.h>
#include <stddef.h>

#include "daemon/queue/spool.h"

enum { SPOOL_MAGIC_BYTES = 8 };
#define SPOOL_MAGIC "MWSPOOL1"

struct segment {
    uint32_t number;
    int fd;          /* -1 when it is not open */
    uint64_t size;   /* of the file */
    uint64_t end;    /* where the next record goes */
    uint64_t synced; /* everything before is on disk */
    uint64_t live_bytes;
    uint32_t live_count;
    bool touched;    /* written since the last sync */
    bool streaming;  /* a message is still arriving, or not committed yet */
    bool distrusted; /* a sync failed: never written again */
    bool left;       /* see spool_leave_segment() */
};

struct spool {
    int folder;
    uint64_t segment_bytes;
    struct segment *segments; /* ascending by number */
    size_t count, cap;
    uint32_t current;  /* number of the segment appended to; 0: none */
    uint32_t next;     /* number for the next new one */
    bool folder_dirty; /* a file was made or renamed since the last sync */
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
};

struct segment *spool_segment(const struct spool *sp, uint32_t number);
/* A new file of no size, with the next number. */
struct segment *spool_segment_create(struct spool *sp, struct fault *f);
/* Closes and removes the file and its entry. */
void spool_segment_remove(struct spool *sp, struct segment *seg);
/* Writes all parts; offset is that of the first. */
bool spool_write(int fd, struct span head, struct span body, uint64_t offset, struct fault *f);

#endif
