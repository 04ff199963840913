/* The spamd protocol from the client's side: any bytes as a request and as a message.
 *
 * Beyond memory safety: a request that is done in pieces is the same as in one, and of a message's header nothing of the
 * sender's speaks in our name. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/spamd/spamd_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void fuzz_request(struct span in)
{
    struct spamd_request whole, part;
    struct error error;
    size_t used = 0, again = 0;
    enum spamd_parse parsed = spamd_request_parse(in, &whole, &used, &error);
    require(parsed != SPAMD_PARSE_DONE || (used <= in.n && used <= SPAMD_HEAD_MAX));
    require(parsed != SPAMD_PARSE_MORE || in.n < SPAMD_HEAD_MAX);
    if (parsed != SPAMD_PARSE_DONE)
        return;
    require(spamd_request_parse(span_slice(in, 0, used), &part, &again, &error) == SPAMD_PARSE_DONE);
    require(again == used && part.method == whole.method && part.length == whole.length);
    require(spamd_request_parse(span_slice(in, 0, used - 1), &part, &again, &error) == SPAMD_PARSE_MORE);
}

static size_t count_fields(struct span header)
{
    size_t count = 0;
    for (size_t at = 0; at < header.n; at += span_find(span_slice(header, at, header.n), '\n') + 1)
        count += span_starts_nocase(span_slice(header, at, header.n), SPAN("X-Spam-"));
    return count;
}

static void fuzz_message(struct span message)
{
    const struct judge_reason reason = {span_slice(message, 0, 40), 1};
    const struct spamd_verdict v = {.score = 70, .hostname = "h", .reasons = &reason, .reason_count = 1};
    struct buf out = {0};
    size_t body = spamd_put_message_header(&out, message, &v);
    require(body <= message.n && count_fields(buf_span(&out)) == 4);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_request(span_of(data, size));
    fuzz_message(span_of(data, size));
    return 0;
}
