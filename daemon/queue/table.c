/* A hash table from 64-bit ids to structures that hold their own node. */
#include "daemon/queue/table.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

/* Ids are handed out in sequence by ourselves, so that nobody can choose colliding ones. */
static struct table_node **bucket_of(const struct table *t, uint64_t key)
{
    return &t->buckets[(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (t->capacity - 1)];
}

static void insert(struct table *t, struct table_node *node)
{
    struct table_node **bucket = bucket_of(t, node->key);
    node->next = *bucket;
    *bucket = node;
}

static void grow(struct table *t)
{
    struct table old = *t;
    t->capacity = old.capacity ? old.capacity * 2 : 256;
    t->buckets = xcalloc(t->capacity, sizeof(struct table_node *));
    for (size_t i = 0; i < old.capacity; i++) {
        for (struct table_node *node = old.buckets[i], *next; node; node = next) {
            next = node->next;
            insert(t, node);
        }
    }
    free(old.buckets);
}

void table_add(struct table *t, struct table_node *node)
{
    if (t->count == t->capacity)
        grow(t);
    insert(t, node);
    t->count++;
}

struct table_node *table_find(const struct table *t, uint64_t key)
{
    struct table_node *node = t->count ? *bucket_of(t, key) : NULL;
    while (node && node->key != key)
        node = node->next;
    return node;
}

void table_remove(struct table *t, struct table_node *node)
{
    struct table_node **link = bucket_of(t, node->key);
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    t->count--;
}
