/* The archives. */
#include "daemon/queue/archive.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/rolling_file.h"
#include "engine/relay/mbox.h"

static const struct rolling_file_kind archive_kind = {.durable = true};

bool archive_open(struct queue *q, struct error *error)
{
    for (enum judge_engine i = 0; i < JUDGE_ENGINES; i++) {
        const char *name = judge_engine_name(i);
        char folder[64];
        snprintf(folder, sizeof folder, "archive/%s", name);
        q->archives[i] = rolling_file_open(folder, name, &archive_kind, q->settings->archive_bytes,
                                           q->settings->archive_files, error);
        if (!q->archives[i])
            return false;
    }
    return true;
}

struct copying {
    struct rolling_file *file;
    struct mbox mbox;
    struct buf text;
};

static bool write_text(struct copying *c)
{
    bool good = rolling_file_write(c->file, buf_span(&c->text));
    buf_clear(&c->text);
    return good;
}

static bool copy_piece(void *context, struct span piece)
{
    struct copying *c = context;
    mbox_put(&c->mbox, piece, &c->text);
    return write_text(c);
}

static enum spool_result copy(struct queue *q, struct rolling_file *file, const struct message *m,
                              uint64_t mid)
{
    struct copying c = {.file = file};
    mbox_put_from(&c.text, m->sender, m->received);
    buf_printf(&c.text, "X-Mailward-MID: %llu\n", (unsigned long long)mid);
    enum spool_result result = write_text(&c) ? body_read(q, m, copy_piece, &c) : SPOOL_FAILED;
    mbox_put_end(&c.mbox, &c.text);
    if (result == SPOOL_GOOD && !write_text(&c))
        result = SPOOL_FAILED;
    int number = errno;
    buf_free(&c.text);
    errno = number;
    return result;
}

enum spool_result archive_add(struct queue *q, enum judge_engine engine, const struct message *m,
                              uint64_t mid)
{
    struct rolling_file *file = q->archives[engine];
    if (!rolling_file_begin(file, m->body.length))
        return SPOOL_FAILED;
    int64_t size = rolling_file_size(file);
    enum spool_result result = copy(q, file, m, mid);
    if (result != SPOOL_GOOD) {
        int number = errno;
        rolling_file_cut(file, size);
        errno = number;
    }
    return result;
}

bool archive_sync(struct queue *q, struct fault *f)
{
    for (unsigned i = 0; i < JUDGE_ENGINES; i++)
        if (!rolling_file_sync(q->archives[i]))
            return fault_set_errno(f, "cannot write the archive");
    return true;
}

void archive_committed(struct queue *q)
{
    for (unsigned i = 0; i < JUDGE_ENGINES; i++)
        rolling_file_keep(q->archives[i]);
}

void archive_rollback(struct queue *q)
{
    for (unsigned i = 0; i < JUDGE_ENGINES; i++)
        rolling_file_rollback(q->archives[i]);
}
