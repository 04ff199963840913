/* Bodies on their way out. */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include "daemon/queue/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/queue/queue.h"
#include "engine/base/xalloc.h"
#include "engine/relay/splice.h"

enum { CACHE_BYTES = 32 * 1024 * 1024 };

void body_cache_remove(struct body_cache *cache, struct message *m)
{
    if (!m->bytes)
        return;
    TAILQ_REMOVE(&cache->list, m, cached);
    cache->bytes -= m->body.length;
    free(m->bytes);
    m->bytes = NULL;
}

void body_cache_add(struct body_cache *cache, struct message *m, char *bytes)
{
    m->bytes = xreallocarray(bytes, m->body.length, 1); /* a buffer may be twice as large as what is in it */
    TAILQ_INSERT_TAIL(&cache->list, m, cached);
    cache->bytes += m->body.length;
    while (cache->bytes > CACHE_BYTES)
        body_cache_remove(cache, TAILQ_FIRST(&cache->list));
}

struct writing {
    int fd;
    bool failed;
    struct splice splice;
};

static void write_piece(void *context, struct span piece)
{
    struct writing *w = context;
    while (piece.n && !w->failed) {
        ssize_t n = write(w->fd, piece.p, piece.n);
        if (n >= 0)
            piece = span_slice(piece, (size_t)n, piece.n);
        else if (errno != EINTR)
            w->failed = true;
    }
}

static bool splice_piece(void *context, struct span piece)
{
    struct writing *w = context;
    splice_feed(&w->splice, piece, write_piece, w);
    return !w->failed;
}

static bool get_edits(const struct message *m, enum body_form form, struct arena *arena,
                      struct splice *splice)
{
    const struct judge_edit *edits = NULL;
    uint32_t count = 0;
    bool good = form == BODY_STORED || m->edits.n == 0 ||
                judge_edits_get(m->edits, m->body.length, arena, &edits, &count);
    splice_begin(splice, edits, count);
    return good;
}

enum spool_result body_read(struct queue *q, const struct message *m, spool_sink *sink, void *context)
{
    if (!m->bytes)
        return spool_read(q->spool, &m->body, sink, context);
    return sink(context, span_of(m->bytes, m->body.length)) ? SPOOL_GOOD : SPOOL_FAILED;
}

enum spool_result body_write(struct queue *q, const struct message *m, enum body_form form, struct span head,
                             int fd)
{
    struct arena *arena = arena_new();
    struct writing w = {.fd = fd};
    enum spool_result result = SPOOL_GOOD;
    if (!get_edits(m, form, arena, &w.splice)) {
        result = SPOOL_DAMAGED;
    } else {
        write_piece(&w, head);
        result = body_read(q, m, splice_piece, &w);
    }
    arena_free(arena);
    return result == SPOOL_GOOD && w.failed ? SPOOL_FAILED : result;
}

enum spool_result body_memfd(struct queue *q, const struct message *m, enum body_form form, int *fd)
{
    int made = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0)
        return SPOOL_FAILED;
    enum spool_result result = body_write(q, m, form, (struct span){0}, made);
    if (result == SPOOL_GOOD &&
        (lseek(made, 0, SEEK_SET) != 0 ||
         fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0))
        result = SPOOL_FAILED;
    if (result == SPOOL_GOOD)
        *fd = made;
    else
        close(made);
    return result;
}

size_t body_head(struct queue *q, const struct message *m, char *bytes, size_t size)
{
    if (!m->bytes)
        return spool_read_head(q->spool, &m->body, bytes, size);
    size_t n = m->body.length < size ? (size_t)m->body.length : size;
    memcpy(bytes, m->bytes, n);
    return n;
}
