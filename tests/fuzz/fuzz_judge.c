/* Hostile bytes for judge_result_get(), judge_edits_get() and scan_model_parse(): the first byte chooses.
 *
 * What is taken must mean the same when it is put again.
 */
#include <stdlib.h>

#include "engine/judge/judge.h"
#include "engine/scan/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_SIZE = 1000, RECIPIENTS = 3 };

static void expect_same(struct buf *put, struct span got)
{
    if (!span_equal(buf_span(put), got))
        abort();
    buf_free(put);
}

static void fuzz_result(struct span wire, struct arena *arena)
{
    struct judge_result result;
    struct buf again = {0};
    if (!judge_result_get(wire, MESSAGE_SIZE, RECIPIENTS, arena, &result))
        return;
    judge_result_put(&again, &result);
    expect_same(&again, wire);
}

static void fuzz_edits(struct span wire, struct arena *arena)
{
    const struct judge_edit *edits;
    uint32_t count;
    struct buf again = {0};
    if (!judge_edits_get(wire, MESSAGE_SIZE, arena, &edits, &count))
        return;
    judge_edits_put(&again, edits, count);
    expect_same(&again, wire);
}

static void fuzz_model(struct span file)
{
    static const uint32_t ids[] = {0, 1, (1 << SCAN_FEATURE_BITS) - 1};
    struct scan_features features = {.ids = ids, .facts = 1};
    struct scan_score score;
    struct error error;
    struct scan_model *model = scan_model_parse(file, SCAN_ASK_SPAM, &error);
    if (!model)
        return;
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        features.start[family + 1] = family + 1 == SCAN_FAMILIES ? 3 : 1;
    scan_model_score(model, &features, &score);
    if (score.score < 0 || score.score > 99)
        abort();
    scan_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    if (size == 0)
        return 0;
    if (!arena)
        arena = arena_new();
    struct span rest = span_of(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        fuzz_result(rest, arena);
        break;
    case 1:
        fuzz_edits(rest, arena);
        break;
    default:
        fuzz_model(rest);
    }
    arena_reset(arena);
    return 0;
}
