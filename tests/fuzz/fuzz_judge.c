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

static void read_model(struct span file)
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

/* The numbers of a model whose checksum is right: whoever makes one may choose them. */
static void fuzz_model_numbers(struct span in)
{
    double numbers[4] = {0};
    int8_t weights[1 << SCAN_MODEL_LEAST_BITS] = {0};
    struct buf file = {0};
    memcpy(numbers, in.p, in.n < sizeof numbers ? in.n : sizeof numbers);
    struct span rest = span_slice(in, sizeof numbers, in.n), again = span_slice(rest, 0, sizeof weights);
    memcpy(weights, again.p, again.n);
    const struct scan_model_parameters p = {.question = SCAN_ASK_SPAM,
                                            .table_bits = SCAN_MODEL_LEAST_BITS,
                                            .left_out = in.n % SCAN_FAMILIES,
                                            .weight_unit = numbers[0],
                                            .prior = numbers[1],
                                            .slope = numbers[2],
                                            .offset = numbers[3],
                                            .description = span_slice(rest, 0, SCAN_MODEL_DESCRIPTION_MAX),
                                            .weights = weights};
    scan_model_put(&file, &p);
    read_model(buf_span(&file));
    buf_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    if (size == 0)
        return 0;
    if (!arena)
        arena = arena_new();
    struct span rest = span_of(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        fuzz_result(rest, arena);
        break;
    case 1:
        fuzz_edits(rest, arena);
        break;
    case 2:
        read_model(rest);
        break;
    default:
        fuzz_model_numbers(rest);
    }
    arena_reset(arena);
    return 0;
}
