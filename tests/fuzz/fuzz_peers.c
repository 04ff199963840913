/* What other engines answer: the first byte chooses the parser, the second where the answer is cut in two.
 *
 * Whatever they say, the verdict that comes of it has to survive the wire between roles. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/peers/rspamd_reply.h"
#include "engine/spamd/spamd_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_survival(const struct peer_verdict *v)
{
    struct peer_verdict all[PEER_COUNT] = {*v}, again[PEER_COUNT];
    struct buf wire = {0};
    peer_verdicts_put(&wire, all);
    struct wire_reader in = wire_reader_of(buf_span(&wire));
    peer_verdicts_get(&in, again);
    require(wire_reader_done(&in) && again[0].points == v->points);
    buf_free(&wire);
}

static void fuzz_rspamd(struct span in)
{
    struct buf symbols = {0};
    struct peer_verdict v;
    if (rspamd_reply_parse(in, &symbols, &v))
        require_survival(&v);
    buf_free(&symbols);
}

static void fuzz_spamd(struct span in, size_t cut)
{
    struct spamd_response part = {0}, whole = {0};
    enum spamd_response_state early = spamd_response_parse(span_slice(in, 0, cut), false, &part);
    enum spamd_response_state late = spamd_response_parse(in, true, &whole);
    require(late != SPAMD_RESPONSE_PART);
    require(early != SPAMD_RESPONSE_BAD || late == SPAMD_RESPONSE_BAD);
    struct buf symbols = {0};
    peer_symbols_add(&symbols, whole.body);
    const struct peer_verdict v = {.state = PEER_ANSWERED,
                                   .points = whole.points,
                                   .required = whole.required,
                                   .symbols = buf_span(&symbols)};
    if (late == SPAMD_RESPONSE_WHOLE)
        require_survival(&v);
    buf_free(&symbols);
}

static void fuzz_wire(struct span in)
{
    struct peer_verdict v[PEER_COUNT];
    struct wire_reader reader = wire_reader_of(in);
    peer_verdicts_get(&reader, v);
    for (unsigned i = 0; wire_reader_done(&reader) && i < PEER_COUNT; i++)
        require_survival(&v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span in = span_of(data + 2, size - 2);
    if (data[0] % 3 == 0)
        fuzz_rspamd(in);
    else if (data[0] % 3 == 1)
        fuzz_spamd(in, data[1] % (in.n + 1));
    else
        fuzz_wire(in);
    return 0;
}
