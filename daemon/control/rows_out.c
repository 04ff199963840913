/* Rows to roles, in messages of a moderate size so that other messages come between them. */
#include "daemon/control/rows_out.h"

enum { PIECE_BYTES = 256 * 1024 };

struct piece {
    enum role_id role;
    enum schema_table_id table;
    uint32_t count;
    struct buf rows;
};

static void send_piece(struct piece *p)
{
    struct buf body = {0};
    if (p->count == 0)
        return;
    wire_put_u32(&body, p->table);
    wire_put_u32(&body, p->count);
    buf_append_span(&body, buf_span(&p->rows));
    role_send(p->role, MSG_CONFIG_ROWS, buf_span(&body), -1);
    buf_free(&body);
    buf_clear(&p->rows);
    p->count = 0;
}

/* One row more, or with after NULL one less. */
static void add_row(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct piece *p = context;
    wire_put_u8(&p->rows, after != NULL);
    if (after)
        schema_row_put(&p->rows, after);
    else
        wire_put_span(&p->rows, schema_row_key(before));
    p->count++;
    if (p->rows.len >= PIECE_BYTES)
        send_piece(p);
}

static void add_all(const struct config_table *table, struct piece *p)
{
    struct config_cursor cursor = config_table_start(table);
    const struct schema_row *row;
    while ((row = config_table_next(&cursor)))
        add_row(NULL, row, p);
}

void rows_out_send(enum role_id role, const struct config_revision *id, uint32_t attempt,
                   const struct config_tree *from, const struct config_tree *to,
                   const struct config_place *place)
{
    struct buf body = {0};
    config_revision_put(&body, id);
    wire_put_u32(&body, attempt);
    wire_put_u8(&body, from == NULL);
    role_send(role, MSG_CONFIG_BEGIN, buf_span(&body), -1);
    struct piece p = {.role = role};
    for (int table = 0; table < SCHEMA_TABLE_COUNT; table++) {
        if (!(schema_tables[table].readers & role_table[role].reader))
            continue;
        const struct config_table *after = config_resolve(to, place, table, NULL);
        p.table = table;
        if (from)
            config_table_diff(config_resolve(from, place, table, NULL), after, add_row, &p);
        else
            add_all(after, &p);
        send_piece(&p);
    }
    buf_clear(&body);
    wire_put_u64(&body, id->number);
    role_send(role, MSG_CONFIG_PREPARE, buf_span(&body), -1);
    buf_free(&body);
    buf_free(&p.rows);
}
