/* A hash table from 64-bit ids to structures that hold their own node. */
#ifndef QUEUE_TABLE_H
#define QUEUE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_node {
    uint64_t key;
    struct table_node *next;
};

/* Zero-initialised is empty and valid. */
struct table {
    struct table_node **buckets;
    size_t capacity; /* a power of two */
    size_t count;
};

/* node->key is set by the caller and not yet in the table. */
void table_add(struct table *t, struct table_node *node);
struct table_node *table_find(const struct table *t, uint64_t key);
void table_remove(struct table *t, struct table_node *node);

/* The structure of that type whose member is node; NULL stays NULL. */
#define TABLE_ENTRY(node, type, member) ((type *)table_entry((node), offsetof(type, member)))

static inline void *table_entry(struct table_node *node, size_t offset)
{
    return node ? (char *)node - offset : NULL;
}

#endif
