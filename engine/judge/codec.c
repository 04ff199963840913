/* Wire forms of results and edits: what a worker answers and what the queue stores.
 *
 * A worker may have been taken over by a message, so everything it says is checked here: that the children
 * partition the recipients, that edits are in order and inside the message, and every name and range.
 */
#include "engine/judge/judge.h"
#include "engine/wire/wire.h"

/* Edits are in the queue's store, results only on their way: an update changes the two apart. */
enum { EDITS_FORMAT = 1, RESULT_FORMAT = 5, MAX_SCORE = 100 };
enum {
    FLAG_PARTIAL = 1,
    FLAG_TEST_MARK = 2,
    FLAG_ARCHIVE = 4,
    FLAG_GRAYMAIL_ARCHIVE = 8,
    FLAG_GRAYMAIL_ACTION = 16, /* and not anti-spam's; the same with the others */
    FLAG_GRAYMAIL_HOST = 32,
    FLAG_GRAYMAIL_RECIPIENT = 64,
    ALL_FLAGS = 127
};

/* The least bytes that an element takes, so that a forged count never makes us allocate. */
enum {
    LEAST_EDIT = 8 + 8 + 4,
    LEAST_REASON = 4 + 4,
    LEAST_CHILD = 4 + 4 + 7 + 4 + 8 + 4 + 8 + 4 + 4 + 4 + 4 + 4
};

static void put_edits(struct buf *out, const struct judge_edit *edits, uint32_t count)
{
    wire_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_u64(out, edits[i].offset);
        wire_put_u64(out, edits[i].length);
        wire_put_span(out, edits[i].insert);
    }
}

static bool get_edits(struct wire_reader *in, uint64_t message_size, struct arena *arena,
                      const struct judge_edit **edits, uint32_t *count)
{
    uint32_t n = wire_get_count(in, LEAST_EDIT);
    struct judge_edit *list = arena_calloc(arena, n, sizeof *list);
    uint64_t end = 0; /* of the edit before */
    for (uint32_t i = 0; i < n; i++) {
        struct judge_edit edit = {.offset = wire_get_u64(in), .length = wire_get_u64(in)};
        edit.insert = wire_get_span(in);
        /* Two edits at one place: only an insertion may stand before another. */
        bool in_order =
            i == 0 || (edit.offset >= end && (edit.offset > list[i - 1].offset || edit.length > 0));
        if (in->failed || !in_order || edit.offset > message_size || edit.length > message_size - edit.offset)
            return false;
        end = edit.offset + edit.length;
        list[i] = edit;
    }
    *edits = list;
    *count = n;
    return !in->failed;
}

void judge_edits_put(struct buf *out, const struct judge_edit *edits, uint32_t count)
{
    wire_put_u8(out, EDITS_FORMAT);
    put_edits(out, edits, count);
}

bool judge_edits_get(struct span wire, uint64_t message_size, struct arena *arena,
                     const struct judge_edit **edits, uint32_t *count)
{
    struct wire_reader in = wire_reader_of(wire);
    return wire_get_u8(&in) == EDITS_FORMAT && get_edits(&in, message_size, arena, edits, count) &&
           wire_reader_done(&in);
}

static uint8_t flags_of(const struct judge_child *child)
{
    return (uint8_t)((child->partial ? FLAG_PARTIAL : 0) | (child->test_mark ? FLAG_TEST_MARK : 0) |
                     (child->archive[JUDGE_ANTISPAM] ? FLAG_ARCHIVE : 0) |
                     (child->archive[JUDGE_GRAYMAIL] ? FLAG_GRAYMAIL_ARCHIVE : 0) |
                     (child->action_by == JUDGE_GRAYMAIL ? FLAG_GRAYMAIL_ACTION : 0) |
                     (child->host_by == JUDGE_GRAYMAIL ? FLAG_GRAYMAIL_HOST : 0) |
                     (child->recipient_by == JUDGE_GRAYMAIL ? FLAG_GRAYMAIL_RECIPIENT : 0));
}

static enum judge_engine engine_of(uint8_t flags, unsigned flag)
{
    return flags & flag ? JUDGE_GRAYMAIL : JUDGE_ANTISPAM;
}

static void put_reasons(struct buf *out, const struct judge_reason *reasons, uint32_t count)
{
    wire_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_span(out, reasons[i].name);
        wire_put_u32(out, (uint32_t)reasons[i].millilogodds);
    }
}

static void put_child(struct buf *out, const struct judge_child *child)
{
    wire_put_u32(out, child->rid_count);
    for (uint32_t i = 0; i < child->rid_count; i++)
        wire_put_u32(out, child->rids[i]);
    wire_put_span(out, child->policy);
    wire_put_u8(out, (uint8_t)child->scanner);
    wire_put_u8(out, (uint8_t)child->own_verdict);
    wire_put_u8(out, (uint8_t)child->verdict);
    wire_put_u8(out, (uint8_t)child->action);
    wire_put_u8(out, (uint8_t)child->score);
    wire_put_u8(out, flags_of(child));
    wire_put_span(out, child->limited_rule);
    wire_put_u64(out, child->size_limit);
    wire_put_u8(out, (uint8_t)child->graymail);
    wire_put_u32(out, (uint32_t)child->graymail_points);
    wire_put_u64(out, child->graymail_limit);
    wire_put_span(out, child->host);
    wire_put_span(out, child->recipient);
    put_reasons(out, child->reasons, child->reason_count);
    put_reasons(out, child->graymail_reasons, child->graymail_reason_count);
    put_edits(out, child->edits, child->edit_count);
}

void judge_result_put(struct buf *out, const struct judge_result *result)
{
    wire_put_u8(out, RESULT_FORMAT);
    wire_put_u32(out, result->child_count);
    for (uint32_t i = 0; i < result->child_count; i++)
        put_child(out, &result->children[i]);
}

/* Who is in a child already: the children must partition the recipients. */
struct partition {
    bool *taken;
    uint32_t total, left;
};

static bool get_rids(struct wire_reader *in, struct partition *partition, struct arena *arena,
                     struct judge_child *child)
{
    uint32_t count = wire_get_count(in, 4);
    if (count > partition->left || (count == 0 && partition->total > 0))
        return false;
    uint32_t *rids = arena_alloc(arena, count * sizeof *rids);
    for (uint32_t i = 0; i < count; i++) {
        rids[i] = wire_get_u32(in);
        if (rids[i] >= partition->total || partition->taken[rids[i]] || (i && rids[i] <= rids[i - 1]))
            return false;
        partition->taken[rids[i]] = true;
    }
    partition->left -= count;
    child->rids = rids;
    child->rid_count = count;
    return !in->failed;
}

static bool get_reasons(struct wire_reader *in, struct arena *arena, const struct judge_reason **reasons,
                        uint32_t *count)
{
    *count = wire_get_count(in, LEAST_REASON);
    if (*count > JUDGE_MAX_REASONS)
        return false;
    struct judge_reason *list = arena_calloc(arena, *count, sizeof *list);
    for (uint32_t i = 0; i < *count; i++) {
        list[i].name = wire_get_span(in);
        list[i].millilogodds = (int32_t)wire_get_u32(in);
    }
    *reasons = list;
    return !in->failed;
}

static bool get_verdict(struct wire_reader *in, struct judge_child *child)
{
    child->policy = wire_get_span(in);
    uint8_t scanner = wire_get_u8(in), own = wire_get_u8(in);
    uint8_t verdict = wire_get_u8(in), action = wire_get_u8(in);
    int8_t score = (int8_t)wire_get_u8(in);
    uint8_t flags = wire_get_u8(in);
    child->limited_rule = wire_get_span(in);
    child->size_limit = wire_get_u64(in);
    if (in->failed || scanner >= JUDGE_SCANNERS || own > JUDGE_POSITIVE || verdict > JUDGE_OFF ||
        verdict == JUDGE_UNSCANNABLE || action > JUDGE_QUARANTINE || score < -1 || score > MAX_SCORE ||
        flags & ~ALL_FLAGS)
        return false;
    child->scanner = scanner;
    child->own_verdict = own;
    child->verdict = verdict;
    child->action = action;
    child->score = score;
    child->partial = flags & FLAG_PARTIAL;
    child->test_mark = flags & FLAG_TEST_MARK;
    child->archive[JUDGE_ANTISPAM] = flags & FLAG_ARCHIVE;
    child->archive[JUDGE_GRAYMAIL] = flags & FLAG_GRAYMAIL_ARCHIVE;
    child->action_by = engine_of(flags, FLAG_GRAYMAIL_ACTION);
    child->host_by = engine_of(flags, FLAG_GRAYMAIL_HOST);
    child->recipient_by = engine_of(flags, FLAG_GRAYMAIL_RECIPIENT);
    return true;
}

/* Spam is never graymail. */
static bool get_graymail(struct wire_reader *in, struct judge_child *child)
{
    uint8_t graymail = wire_get_u8(in);
    child->graymail_points = (int32_t)wire_get_u32(in);
    child->graymail_limit = wire_get_u64(in);
    if (in->failed || graymail >= JUDGE_GRAYMAIL_ANSWERS ||
        (child->verdict == JUDGE_POSITIVE && judge_is_graymail(graymail)))
        return false;
    child->graymail = graymail;
    return true;
}

/* Where what the policy wants done goes to: only mail that goes on has that, and a host comes before the quarantine
 * (judge_resolve()). */
static bool get_alternates(struct wire_reader *in, struct judge_child *child)
{
    child->host = wire_get_span(in);
    child->recipient = wire_get_span(in);
    bool any = child->host.n || child->recipient.n;
    bool is_treated = child->verdict == JUDGE_POSITIVE || child->verdict == JUDGE_SUSPECT ||
                      judge_is_graymail(child->graymail);
    bool goes_on = child->action == JUDGE_DELIVER || (child->action == JUDGE_QUARANTINE && !child->host.n);
    return !in->failed && (!any || (is_treated && goes_on));
}

bool judge_result_get(struct span wire, uint64_t message_size, uint32_t recipient_count, struct arena *arena,
                      struct judge_result *result)
{
    struct wire_reader in = wire_reader_of(wire);
    if (wire_get_u8(&in) != RESULT_FORMAT)
        return false;
    uint32_t count = wire_get_count(&in, LEAST_CHILD);
    if (count == 0)
        return false;
    struct judge_child *children = arena_calloc(arena, count, sizeof *children);
    struct partition partition = {arena_calloc(arena, recipient_count, 1), recipient_count, recipient_count};
    for (uint32_t i = 0; i < count; i++) {
        struct judge_child *child = &children[i];
        if (!get_rids(&in, &partition, arena, child) || !get_verdict(&in, child) ||
            !get_graymail(&in, child) || !get_alternates(&in, child) ||
            !get_reasons(&in, arena, &child->reasons, &child->reason_count) ||
            !get_reasons(&in, arena, &child->graymail_reasons, &child->graymail_reason_count) ||
            !get_edits(&in, message_size, arena, &child->edits, &child->edit_count))
            return false;
    }
    *result = (struct judge_result){children, count};
    return partition.left == 0 && wire_reader_done(&in);
}
