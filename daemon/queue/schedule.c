/* Messages by the time of their next delivery attempt: a binary heap. */
#include "daemon/queue/schedule.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

static bool before(const struct message *a, const struct message *b)
{
    return a->due != b->due ? a->due < b->due : message_mid(a) < message_mid(b);
}

static void put(struct schedule *s, size_t index, struct message *m)
{
    s->heap[index] = m;
    m->heap_index = index;
}

static void move_up(struct schedule *s, size_t index, struct message *m)
{
    for (; index > 1 && before(m, s->heap[index / 2]); index /= 2)
        put(s, index, s->heap[index / 2]);
    put(s, index, m);
}

static void move_down(struct schedule *s, size_t index, struct message *m)
{
    for (size_t child; (child = index * 2) <= s->count; index = child) {
        if (child < s->count && before(s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(s->heap[child], m))
            break;
        put(s, index, s->heap[child]);
    }
    put(s, index, m);
}

void schedule_add(struct schedule *s, struct message *m)
{
    if (s->count + 1 >= s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->heap = xreallocarray(s->heap, s->cap, sizeof(struct message *));
    }
    s->count++;
    move_up(s, s->count, m);
}

void schedule_remove(struct schedule *s, struct message *m)
{
    size_t index = m->heap_index;
    if (index == 0)
        return;
    m->heap_index = 0;
    struct message *last = s->heap[s->count--];
    if (last == m)
        return;
    if (index > 1 && before(last, s->heap[index / 2]))
        move_up(s, index, last);
    else
        move_down(s, index, last);
}

void schedule_limit(struct schedule *s, int64_t latest)
{
    /* Each is due no later than its children, and stays so. */
    for (size_t i = 1; i <= s->count; i++) {
        struct message *m = s->heap[i];
        if (m->due > latest) {
            message_update_due(m, latest);
            m->due = latest;
        }
    }
}

struct message *schedule_first(const struct schedule *s)
{
    return s->count ? s->heap[1] : NULL;
}

void schedule_free(struct schedule *s)
{
    free(s->heap);
    *s = (struct schedule){0};
}

int64_t schedule_retry_wait(int64_t first, int64_t most, uint32_t tries, uint64_t seed)
{
    int64_t wait = first;
    for (uint32_t i = 1; i < tries && wait < most; i++)
        wait *= 2;
    if (wait > most)
        wait = most;
    uint64_t spread = (seed * UINT64_C(0x9e3779b97f4a7c15) >> 40) % (uint64_t)(wait / 10 + 1);
    return wait - (int64_t)spread;
}
