/* The archive. */
#include "daemon/queue/archive.h"

#include <errno.h>

#include "daemon/rolling_file.h"
#include "engine/relay/mbox.h"

static const struct rolling_file_kind archive_kind = {.durable = true};

bool archive_open(struct queue *q, struct error *error)
{
    q->archive = rolling_file_open("archive/antispam", "antispam", &archive_kind, q->settings->archive_bytes,
                                   q->settings->archive_files, error);
    return q->archive != NULL;
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

static enum spool_result copy(struct queue *q, const struct message *m, uint64_t mid)
{
    struct copying c = {.file = q->archive};
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

enum spool_result archive_add(struct queue *q, const struct message *m, uint64_t mid)
{
    if (!rolling_file_begin(q->archive, m->body.length))
        return SPOOL_FAILED;
    int64_t size = rolling_file_size(q->archive);
    enum spool_result result = copy(q, m, mid);
    if (result != SPOOL_GOOD) {
        int number = errno;
        rolling_file_cut(q->archive, size);
        errno = number;
    }
    return result;
}

bool archive_sync(struct queue *q, struct fault *f)
{
    return rolling_file_sync(q->archive) || fault_set_errno(f, "cannot write the archive");
}

void archive_committed(struct queue *q)
{
    rolling_file_keep(q->archive);
}

void archive_rollback(struct queue *q)
{
    rolling_file_rollback(q->archive);
}
