/* The spool: bodies of messages as records in preallocated segment files that are used again.
 *
 * A segment file is named by a number that is never given to other content while a message lives in it: a
 * recycled one is renamed to a new number.  A record is 56 bytes of header (magic, MID, length, SHA-256) and the
 * body.  Bodies are appended in memory order and become durable by spool_sync(); until then spool_rollback()
 * takes them back.  A page that holds synced mail is never written again.
 *
 * The caller tells which records live (spool_keep, spool_release); what lives nowhere is recycled or removed by
 * spool_tidy(), which must run only after the transaction that ended it is on disk.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <stdint.h>

#include "daemon/queue/fault.h"
#include "engine/base/span.h"

enum { SPOOL_HASH_BYTES = 32, SPOOL_HEADER_BYTES = 56 };

struct spool;
struct spool_stream;

/* Where a body is, and how to tell that it is whole. */
struct spool_record {
    uint32_t segment;
    uint64_t offset; /* of the record's header */
    uint64_t length; /* of the body */
    uint8_t sha256[SPOOL_HASH_BYTES];
};

struct spool_figures {
    uint64_t live_bytes;
    uint32_t segments;
};

/* folder exists.  Before anything is appended the caller tells with spool_keep() what lives in it. */
struct spool *spool_open(const char *folder, uint64_t segment_bytes, struct fault *f);
void spool_close(struct spool *sp);

/* Appends a body and fills in record; not durable before spool_sync(). */
bool spool_append(struct spool *sp, uint64_t mid, struct span body, struct spool_record *record,
                  struct fault *f);

/* A message too large to be held in memory gets a segment of its own while it arrives.  finish is an append that
 * may be done again after a roll-back; once that is synced, close frees the stream.  Until then it can be aborted,
 * and after a failure of any of these it must be. */
struct spool_stream *spool_stream_open(struct spool *sp, struct fault *f);
bool spool_stream_write(struct spool_stream *st, struct span bytes, struct fault *f);
bool spool_stream_finish(struct spool_stream *st, uint64_t mid, struct spool_record *record, struct fault *f);
/* For both st may be NULL. */
void spool_stream_close(struct spool_stream *st);
void spool_stream_abort(struct spool_stream *st);

/* Makes everything appended durable: one fdatasync for each touched segment.  A segment whose sync failed is not
 * appended to any more, and what was appended since the last sync is to be refused. */
bool spool_sync(struct spool *sp, struct fault *f);
/* Forgets what was appended since the last sync. */
void spool_rollback(struct spool *sp);

/* One more, one less message has its body here. */
void spool_keep(struct spool *sp, const struct spool_record *record);
void spool_release(struct spool *sp, const struct spool_record *record);
void spool_tidy(struct spool *sp);

enum spool_result {
    SPOOL_GOOD,
    SPOOL_FAILED, /* may pass */
    SPOOL_DAMAGED /* the record is not what was written */
};

/* Takes the next piece of a body; false ends the reading as SPOOL_FAILED. */
typedef bool spool_sink(void *context, struct span piece);

/* Reads a body in order.  Only after SPOOL_GOOD may what was read be used: the SHA-256 is checked at the end. */
enum spool_result spool_read(struct spool *sp, const struct spool_record *record, spool_sink *sink,
                             void *context);
/* The first bytes of a body, at most size, unchecked but for the header.  Returns how many there are. */
size_t spool_read_head(struct spool *sp, const struct spool_record *record, char *bytes, size_t size);

/* A segment worth emptying: less than a quarter of it lives and there are more than four; or 0. */
uint32_t spool_sparse_segment(const struct spool *sp);
/* Never name this segment as sparse again: something in it cannot be moved. */
void spool_leave_segment(struct spool *sp, uint32_t segment);

struct spool_figures spool_figures(const struct spool *sp);

/* For those who handle the files of a spool that nobody has open. */
void spool_segment_name(uint32_t number, char name[16]);
void spool_header_put(char header[SPOOL_HEADER_BYTES], uint64_t mid, const struct spool_record *record);

#endif
