/* Applying edits to a message as it leaves. */
#include "engine/relay/splice.h"

void splice_begin(struct splice *s, const struct judge_edit *edits, uint32_t count)
{
    *s = (struct splice){.edits = edits, .count = count};
}

static struct span take(struct splice *s, struct span *chunk, uint64_t most)
{
    struct span taken = span_slice(*chunk, 0, most < chunk->n ? (size_t)most : chunk->n);
    *chunk = span_slice(*chunk, taken.n, chunk->n);
    s->position += taken.n;
    return taken;
}

void splice_feed(struct splice *s, struct span chunk, splice_emit *emit, void *context)
{
    for (;;) {
        const struct judge_edit *edit = s->next < s->count ? &s->edits[s->next] : NULL;
        if (s->left_out == 0 && edit && edit->offset <= s->position) {
            emit(context, edit->insert);
            s->left_out = edit->length;
            s->next++;
        } else if (chunk.n == 0) {
            return;
        } else if (s->left_out > 0) {
            s->left_out -= take(s, &chunk, s->left_out).n;
        } else {
            emit(context, take(s, &chunk, edit ? edit->offset - s->position : UINT64_MAX));
        }
    }
}
