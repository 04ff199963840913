/* Large messages: each streams to a segment of its own while it arrives. */
#include <stdlib.h>
#include <string.h>

#include "daemon/queue/spool_internal.h"
#include "engine/base/xalloc.h"

struct spool_stream {
    struct spool *spool;
    uint32_t segment;
    uint64_t length;
    EVP_MD_CTX *hash;
    bool finished;
    uint8_t sha256[SPOOL_HASH_BYTES];
};

struct spool_stream *spool_stream_open(struct spool *sp, struct fault *f)
{
    struct segment *seg = spool_segment_create(sp, f);
    if (!seg)
        return NULL;
    seg->streaming = true;
    struct spool_stream *st = xcalloc(1, sizeof *st);
    *st = (struct spool_stream){.spool = sp, .segment = seg->number, .hash = EVP_MD_CTX_new()};
    if (!st->hash || EVP_DigestInit_ex2(st->hash, sp->sha256, NULL) != 1)
        abort();
    return st;
}

bool spool_stream_write(struct spool_stream *st, struct span bytes, struct fault *f)
{
    struct segment *seg = spool_segment(st->spool, st->segment);
    if (!spool_write(seg->fd, (struct span){0}, bytes, SPOOL_HEADER_BYTES + st->length, f))
        return false;
    if (EVP_DigestUpdate(st->hash, bytes.p, bytes.n) != 1)
        return fault_set(f, FAULT_BROKEN, "SHA-256 failed");
    st->length += bytes.n;
    return true;
}

bool spool_stream_finish(struct spool_stream *st, uint64_t mid, struct spool_record *record, struct fault *f)
{
    struct segment *seg = spool_segment(st->spool, st->segment);
    if (seg->distrusted)
        return fault_set(f, FAULT_IO, "a spool segment could not be synced");
    if (!st->finished && EVP_DigestFinal_ex(st->hash, st->sha256, NULL) != 1)
        return fault_set(f, FAULT_BROKEN, "SHA-256 failed");
    st->finished = true;
    *record = (struct spool_record){.segment = seg->number, .length = st->length};
    memcpy(record->sha256, st->sha256, sizeof st->sha256);
    char header[SPOOL_HEADER_BYTES];
    spool_header_put(header, mid, record);
    seg->touched = true;
    seg->size = seg->end = SPOOL_HEADER_BYTES + st->length;
    return spool_write(seg->fd, span_of(header, sizeof header), (struct span){0}, 0, f);
}

static void free_stream(struct spool_stream *st)
{
    EVP_MD_CTX_free(st->hash);
    free(st);
}

void spool_stream_close(struct spool_stream *st)
{
    if (!st)
        return;
    spool_segment(st->spool, st->segment)->streaming = false;
    free_stream(st);
}

void spool_stream_abort(struct spool_stream *st)
{
    if (!st)
        return;
    spool_segment_remove(st->spool, spool_segment(st->spool, st->segment));
    free_stream(st);
}
