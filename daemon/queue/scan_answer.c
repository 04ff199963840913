/* What the scan role answers: a result, or that a worker died on the message. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/policy_row.h"
#include "daemon/queue/header.h"
#include "daemon/queue/verdict.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"
#include "engine/judge/resolve.h"
#include "engine/judge/verdict_header.h"

enum {
    SCAN_TRIES = 2,
    EDITS_BYTES = 1024 * 1024,
    VERSIONS_BYTES = 1024,
    HEADER_BYTES = 1024 * 1024,
    LEAST_FIELD = sizeof JUDGE_PHDR_HEADER - 1, /* bytes of the shortest verdict header */
};

/* What the policy of this name, as it is now, has for a verdict on m; R16 for one that is not there. */
static struct judge_resolution resolve_now(const struct message *m, struct span name,
                                           enum judge_verdict verdict, enum judge_graymail graymail,
                                           struct arena *arena)
{
    enum schema_table_id id = m->outbound ? SCHEMA_OUTGOING_POLICY : SCHEMA_INCOMING_POLICY;
    const struct config_table *table = role_config()->tables[id];
    const struct schema_row *row = table ? config_table_find(table, name) : NULL;
    struct judge_policy policy = {.unscannable = JUDGE_QUARANTINE};
    if (row)
        policy = policy_row_read(row, arena);
    struct judge_resolution resolution;
    judge_resolve(&policy, verdict, graymail, &resolution);
    return resolution;
}

/* Our header in, those of the sender out that would speak for us.  False when the message cannot be read. */
static bool edit_unscannable(struct queue *q, const struct message *m, struct arena *arena,
                             struct judge_child *child)
{
    static const char header[] = JUDGE_UNSCANNABLE_HEADER ": yes\r\n";
    size_t size = m->body.length < HEADER_BYTES ? (size_t)m->body.length : HEADER_BYTES, at = 0;
    char *bytes = arena_alloc(arena, size + 1);
    struct span head = span_of(bytes, body_head(q, m, bytes, size)), field;
    struct judge_edit *edits = arena_calloc(arena, head.n / LEAST_FIELD + 1, sizeof *edits);
    uint32_t count = 0;
    edits[count++] = (struct judge_edit){.insert = span_text(header)};
    while (header_next_field(head, &at, &field))
        if (judge_is_verdict_header(field))
            edits[count++] = (struct judge_edit){.offset = at - field.n, .length = field.n};
    child->edits = edits;
    child->edit_count = count;
    return head.n == size;
}

static void add_unscannable(struct queue *q, struct message *m, struct span cause)
{
    struct verdict *v = verdict_new(m, role_config()->revision);
    struct judge_child *child = arena_calloc(v->arena, 1, sizeof *child);
    uint32_t *rids = arena_calloc(v->arena, m->recipient_count, sizeof *rids);
    for (uint32_t i = 0; i < m->recipient_count; i++)
        rids[i] = i;
    *child = (struct judge_child){
        .rids = rids,
        .rid_count = m->recipient_count,
        .policy = SPAN("DEFAULT"),
        .verdict = JUDGE_UNSCANNABLE,
        .action = resolve_now(m, SPAN("DEFAULT"), JUDGE_UNSCANNABLE, JUDGE_GRAYMAIL_OFF, v->arena).action,
        .score = -1};
    if (child->action == JUDGE_DELIVER && !edit_unscannable(q, m, v->arena, child))
        child->action = JUDGE_QUARANTINE;
    v->result = (struct judge_result){child, 1};
    v->cause = arena_dup(v->arena, cause);
    verdict_add(q, v);
}

/* A worker died on the message: the count is on disk before the next try. */
struct crash {
    struct operation op;
    struct message *m;
};

static bool write_crash(struct queue *q, struct operation *op, struct fault *f)
{
    struct crash *c = (struct crash *)op;
    return store_set_scan_tries(q->store, message_mid(c->m), c->m->scan_tries + 1, f);
}

static void committed_crash(struct queue *q, struct operation *op)
{
    struct crash *c = (struct crash *)op;
    c->m->scan_tries++;
    queue_put_back(q, c->m);
    free(c);
}

static const struct operation_type crash_type = {write_crash, committed_crash, NULL};

static void add_crash(struct queue *q, struct message *m, struct span stage, struct span cause)
{
    LOG(SCAN_CRASH, LOG_U(message_mid(m)), LOG_S(cause), LOG_S(stage));
    bool last = m->scan_tries + 1 >= SCAN_TRIES;
    if (last && queue_is_configured()) {
        add_unscannable(q, m, cause);
        return;
    }
    if (last) {
        queue_put_back(q, m); /* what becomes of it is for the configuration to say: one more try then */
        return;
    }
    struct crash *c = xcalloc(1, sizeof *c);
    *c = (struct crash){.op.type = &crash_type, .m = m};
    m->hand = HAND_WRITING;
    turn_add(q, &c->op, TURN_SOON);
}

/* The message, out of the scan role's hand; NULL when that does not have it. */
static struct message *take_scanned(struct queue *q, uint64_t mid)
{
    struct message *m = queue_find(q, mid);
    if (!m || m->state != RECIPIENT_SCAN || m->hand != HAND_PEER)
        return NULL;
    scan_take_back(q, m);
    scan_dispatch(q); /* its worker need not wait for the commit */
    return m;
}

static bool get_result(struct verdict *v, struct span wire)
{
    const struct message *m = v->parent;
    if (v->revision == 0 || v->versions.n > VERSIONS_BYTES || wire.n > EDITS_BYTES ||
        !judge_result_get(arena_dup(v->arena, wire), m->body.length, m->recipient_count, v->arena,
                          &v->result))
        return false;
    return v->result.child_count > 0;
}

/* A worker may have been taken over by a message: it must not send the next ones where it likes.  So a host or a
 * recipient counts only when our own configuration has it for such mail. */
static bool names_what_policies_name(struct verdict *v)
{
    for (uint32_t i = 0; i < v->result.child_count; i++) {
        const struct judge_child *c = &v->result.children[i];
        if (!c->host.n && !c->recipient.n)
            continue;
        struct judge_resolution now = resolve_now(v->parent, c->policy, c->verdict, c->graymail, v->arena);
        if (!span_equal(c->host, now.host) || !span_equal(c->recipient, now.recipient))
            return false;
    }
    return true;
}

void scan_result(struct queue *q, struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in), revision = wire_get_u64(in);
    struct span versions = wire_get_span(in), wire = wire_get_span(in);
    struct message *m = in->failed ? NULL : take_scanned(q, mid);
    if (!m)
        return;
    struct verdict *v = verdict_new(m, revision);
    v->versions = arena_dup(v->arena, versions);
    bool good = get_result(v, wire), allowed = good && names_what_policies_name(v);
    if (allowed) {
        verdict_add(q, v);
        return;
    }
    verdict_free(v);
    if (good && revision != role_config()->revision) {
        queue_put_back(q, m); /* the policies have changed meanwhile: it is judged again */
        scan_dispatch(q);
    } else {
        add_crash(q, m, SPAN("result"), SPAN("invalid result"));
    }
}

void scan_crash(struct queue *q, struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    struct span stage = wire_get_span(in), cause = wire_get_span(in);
    struct message *m = in->failed ? NULL : take_scanned(q, mid);
    if (m)
        add_crash(q, m, stage, cause);
}
