/* Messages made 7-bit: what goes out is 7-bit, whatever the size of its pieces, and a second time nothing changes. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/relay/seven_bit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool convert(struct span in, size_t piece, struct buf *out)
{
    struct arena *arena = arena_new();
    struct seven_bit_plan plan;
    bool can = seven_bit_plan(in, arena, &plan) == NULL;
    struct seven_bit_reader r = {.message = in, .plan = &plan};
    while (can && seven_bit_next(&r, piece, out))
        ;
    arena_free(arena);
    return can;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, pieces = {0}, again = {0};
    if (size < 1)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    if (convert(in, in.n + 1, &whole)) {
        require(convert(in, (size_t)data[0] + 1, &pieces));
        require(span_equal(buf_span(&whole), buf_span(&pieces)));
        require(!span_has_8bit(buf_span(&whole)));
        require(convert(buf_span(&whole), 1000, &again) && span_equal(buf_span(&whole), buf_span(&again)));
    }
    buf_free(&whole);
    buf_free(&pieces);
    buf_free(&again);
    return 0;
}
