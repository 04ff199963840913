/* Holding lines for a moment and giving them out sorted. */
#include "daemon/log/reorder.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/xalloc.h"

struct held {
    struct log_record record; /* but its text */
    uint64_t arrival;         /* equal times keep the order in which they came */
    size_t offset;
};

static struct held *lines;
static size_t count, cap;
static uint64_t arrivals;
static struct buf texts;

void reorder_add(const struct log_record *record)
{
    if (count == cap) {
        cap = cap ? cap * 2 : 256;
        lines = xreallocarray(lines, cap, sizeof *lines);
    }
    lines[count++] = (struct held){*record, arrivals++, texts.len};
    buf_append_span(&texts, record->text);
}

static int by_time(const void *a, const void *b)
{
    const struct held *x = a, *y = b;
    if (x->record.time != y->record.time)
        return x->record.time < y->record.time ? -1 : 1;
    return x->arrival < y->arrival ? -1 : 1;
}

/* Drops the texts that have been given out, once they are the larger part. */
static void compact(void)
{
    size_t live = 0;
    for (size_t i = 0; i < count; i++)
        live += lines[i].record.text.n;
    if (texts.len < 64 * 1024 || live > texts.len / 2)
        return;
    struct buf kept = {0};
    for (size_t i = 0; i < count; i++) {
        buf_append(&kept, texts.data + lines[i].offset, lines[i].record.text.n);
        lines[i].offset = kept.len - lines[i].record.text.n;
    }
    buf_free(&texts);
    texts = kept;
}

void reorder_take(int64_t until, void (*visit)(const struct log_record *record))
{
    size_t taken = 0;
    if (count == 0)
        return;
    qsort(lines, count, sizeof *lines, by_time);
    while (taken < count && lines[taken].record.time < until) {
        struct log_record *record = &lines[taken].record;
        record->text.p = texts.data ? texts.data + lines[taken].offset : "";
        visit(record);
        taken++;
    }
    count -= taken;
    memmove(lines, lines + taken, count * sizeof *lines);
    if (count == 0)
        buf_clear(&texts);
    else
        compact();
}
