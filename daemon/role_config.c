/* The role's side of the configuration: what runs, what is prepared beside it, and the talk with control. */
#include "daemon/role_config.h"

#include <stdio.h>

#include "daemon/failpoint.h"
#include "daemon/protocol.h"
#include "daemon/role.h"

struct slot {
    struct role_config config;
    struct config_revision id;
    uint32_t attempt; /* of control, to prepare it */
};

static struct slot slots[2], *running = &slots[0], *next = &slots[1];

/* What next is. */
static enum { NOTHING, BUILDING, PREPARING, PREPARED } stage;

const struct role_config *role_config(void)
{
    return &running->config;
}

static void pass_point(const char *name)
{
    char point[64];
    snprintf(point, sizeof point, "%s.%s", role_table[role_self.id].name, name);
    failpoint(point);
}

static void free_slot(struct slot *slot)
{
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (slot->config.tables[id])
            config_table_unref(slot->config.tables[id]);
    *slot = (struct slot){0};
}

static void drop_next(void)
{
    if (stage >= PREPARING && role_self.config_discard)
        role_self.config_discard();
    stage = NOTHING;
    free_slot(next);
}

static void say(uint16_t type, struct buf *body)
{
    role_send(ROLE_CONTROL, type, buf_span(body), -1);
    buf_free(body);
}

/* Control knows nothing of what a partner before it began and did not end. */
void role_config_control_up(void)
{
    if (stage != PREPARED)
        drop_next();
    struct buf body = {0};
    config_revision_put(&body, &running->id);
    config_revision_put(&body, &next->id);
    say(MSG_CONFIG_HELLO, &body);
}

static void begin(struct wire_reader *in)
{
    struct config_revision id = config_revision_get(in);
    uint32_t attempt = wire_get_u32(in);
    bool from_empty = wire_get_u8(in);
    in->failed = in->failed || id.number == 0 || (!from_empty && running->id.number == 0);
    if (in->failed)
        return;
    drop_next();
    *next = (struct slot){.config.revision = id.number, .id = id, .attempt = attempt};
    for (int table = 0; table < SCHEMA_TABLE_COUNT; table++)
        if (schema_tables[table].readers & role_table[role_self.id].reader)
            next->config.tables[table] = from_empty ? config_table_new(&schema_tables[table])
                                                    : config_table_ref(running->config.tables[table]);
    stage = BUILDING;
}

static bool change_row(struct config_table **table, struct wire_reader *in)
{
    if (!wire_get_u8(in))
        return config_table_remove(table, wire_get_span(in));
    struct schema_row *row = schema_row_get(in, config_table_schema(*table));
    if (row)
        config_table_put(table, row);
    return row;
}

static void change_rows(struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in), count = wire_get_count(in, 5);
    if (stage != BUILDING || id >= SCHEMA_TABLE_COUNT || !next->config.tables[id])
        in->failed = true;
    while (!in->failed && count--)
        if (!change_row(&next->config.tables[id], in))
            in->failed = true;
}

/* A single table has its row, or hooks would look for it in vain. */
static bool is_complete(const struct role_config *config)
{
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (config->tables[id] && schema_tables[id].kind == SCHEMA_SINGLE &&
            config_table_count(config->tables[id]) != 1)
            return false;
    return true;
}

static void prepare(struct wire_reader *in)
{
    uint64_t revision = wire_get_u64(in);
    if (stage != BUILDING || revision != next->config.revision || !is_complete(&next->config))
        in->failed = true;
    if (in->failed)
        return;
    stage = PREPARING;
    pass_point("prepare");
    if (role_self.config_prepare)
        role_self.config_prepare(&next->config);
    else
        role_config_prepared(NULL);
}

void role_config_prepared(const struct error *refusal)
{
    if (stage != PREPARING)
        return;
    struct buf body = {0};
    config_revision_put(&body, &next->id);
    wire_put_u32(&body, next->attempt);
    wire_put_u8(&body, refusal == NULL);
    wire_put_span(&body, span_text(refusal ? refusal->text : ""));
    if (refusal) {
        stage = NOTHING; /* whoever refuses keeps nothing that would have to be discarded */
        free_slot(next);
    } else {
        stage = PREPARED;
        pass_point("prepared");
    }
    say(MSG_CONFIG_PREPARED, &body);
}

static void apply(void)
{
    struct slot *old = running;
    pass_point("before-apply");
    running = next;
    next = old;
    stage = NOTHING;
    if (role_self.config_apply)
        role_self.config_apply();
    free_slot(old);
    pass_point("after-apply");
}

static void follow_head(struct wire_reader *in)
{
    struct config_revision head = config_revision_get(in);
    if (in->failed)
        return;
    if (stage == PREPARED && config_revision_equal(&head, &next->id))
        apply();
    else
        drop_next();
    if (!config_revision_equal(&head, &running->id))
        return;
    struct buf body = {0};
    config_revision_put(&body, &running->id);
    say(MSG_CONFIG_RUNNING, &body);
}

bool role_config_message(uint16_t type, struct wire_reader *in)
{
    switch (type) {
    case MSG_CONFIG_BEGIN:
        begin(in);
        return true;
    case MSG_CONFIG_ROWS:
        change_rows(in);
        return true;
    case MSG_CONFIG_PREPARE:
        prepare(in);
        return true;
    case MSG_CONFIG_HEAD:
        follow_head(in);
        return true;
    default:
        return false;
    }
}
