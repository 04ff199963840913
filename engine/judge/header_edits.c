/* Header edits: X-IronPort-Anti-Spam-Filtered, X-IronPort-Anti-Spam-Result, and text before the subject. */
#include "engine/judge/header_edits.h"

#include "engine/scan/hash.h"
#include "engine/wire/wire.h"

enum { MAX_EDITS = 2 };

static void append_base64url(struct buf *out, struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | (unsigned char)bytes.p[i];
        for (held += 8; held >= 6; held -= 6)
            buf_append_char(out, digits[bits >> (held - 6) & 63]);
    }
    if (held)
        buf_append_char(out, digits[bits << (6 - held) & 63]);
}

/* The value of X-IronPort-Anti-Spam-Result, opaque to others: the bytes
 *     format, 1 | model id, 4 | feature version, 1 | score, 1 | verdict, 1 | flags, 1 | check, 2
 * in base64url without padding (RFC 4648, 5).  Flags: 1 partial, 2 test header.  The check is the lower half of a
 * hash of the bytes before it and tells a damaged value, nothing more.  15 characters: no folding needed. */
static void append_result_value(struct buf *out, const struct judge_child *child,
                                const struct scan_model *model)
{
    struct buf bytes = {0};
    wire_put_u8(&bytes, 1);
    wire_put_u32(&bytes, scan_model_id(model));
    wire_put_u8(&bytes, SCAN_FEATURE_VERSION);
    wire_put_u8(&bytes, (uint8_t)child->score);
    wire_put_u8(&bytes, (uint8_t)child->verdict);
    wire_put_u8(&bytes, (uint8_t)(child->partial | child->test_mark << 1));
    wire_put_u16(&bytes, (uint16_t)scan_hash_bytes(0, buf_span(&bytes)));
    append_base64url(out, buf_span(&bytes));
    buf_free(&bytes);
}

/* Where the subject's text begins: after "Subject:" and its blanks, those of a fold too, unless it is all blank. */
static uint64_t subject_offset(struct span message, const struct mime_header *subject)
{
    struct span text = span_trim(subject->value);
    return (uint64_t)((text.n ? text.p : subject->value.p) - message.p);
}

void judge_edit_headers(const struct judge_input *input, const struct mime_view *view,
                        const struct scan_model *model, const char *subject_text, struct arena *arena,
                        struct judge_child *child)
{
    const struct mime_header *subject = mime_view_header(view, "Subject");
    struct judge_edit *edits = arena_calloc(arena, MAX_EDITS, sizeof *edits);
    struct buf headers = {0};
    buf_append_span(&headers, SPAN("X-IronPort-Anti-Spam-Filtered: true\r\nX-IronPort-Anti-Spam-Result: "));
    append_result_value(&headers, child, model);
    buf_append_span(&headers, SPAN("\r\n"));
    child->edit_count = 1;
    if (*subject_text && subject)
        edits[child->edit_count++] = (struct judge_edit){subject_offset(input->message, subject), 0,
                                                         arena_dup(arena, span_text(subject_text))};
    else if (*subject_text)
        buf_printf(&headers, "Subject: %s\r\n", subject_text);
    edits[0] = (struct judge_edit){input->trace_bytes, 0, arena_dup(arena, buf_span(&headers))};
    buf_free(&headers);
    child->edits = edits;
}
