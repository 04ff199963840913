/* Examples to learn from, which workers in the hands of messages may have made: whatever they hold, they survive the wire,
 * the fit ends, the same bytes give the same bits, and no correction is beyond its limit. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/scan/learned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void fuzz_example(struct span in)
{
    static struct scan_example example, again;
    struct buf wire = {0};
    if (!scan_example_get(in, &example))
        return;
    scan_example_put(&wire, &example);
    require(scan_example_get(buf_span(&wire), &again) && span_equal(buf_span(&wire), in));
    buf_free(&wire);
}

/* The sample of the last bytes, as far as it is one. */
static void fuzz_set(struct span in)
{
    struct scan_sample sample;
    struct error error;
    struct scan_learned *first = scan_learned_fit(in, &error), *second = scan_learned_fit(in, &error);
    struct span last = span_slice(in, in.n > 64 ? in.n - 64 : 0, in.n);
    require((first == NULL) == (second == NULL));
    if (first && scan_sample_get(last, &sample)) {
        double correction = scan_learned_correction(first, &sample);
        require(correction >= -SCAN_LEARNED_MOST && correction <= SCAN_LEARNED_MOST);
        require(correction == scan_learned_correction(second, &sample));
    }
    scan_learned_free(first);
    scan_learned_free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    fuzz_example(in);
    fuzz_set(in);
    return 0;
}
