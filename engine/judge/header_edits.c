/* Header edits: our X-IronPort-Anti-Spam-* and a policy's header in, the sender's own out, the subject changed. */
#include "engine/judge/header_edits.h"

#include "engine/judge/verdict_header.h"

static void append_result_value(struct buf *out, const struct judge_child *child,
                                const struct judge_findings *findings)
{
    struct judge_result_value value = {.model = scan_model_id(findings->model),
                                       .features = SCAN_FEATURE_VERSION,
                                       .score = (uint8_t)child->score,
                                       .verdict = (uint8_t)child->verdict,
                                       .partial = child->partial,
                                       .test_mark = child->test_mark};
    uint32_t hits = findings->hits ? findings->hits->count : 0;
    struct scan_rule_info info;
    while (value.rule_count < hits && value.rule_count < JUDGE_RESULT_RULES_MAX) {
        scan_rules_info(findings->rules, findings->hits->rules[value.rule_count], &info);
        value.rules[value.rule_count++] = judge_result_rule(&info);
    }
    judge_result_value_put(out, &value);
}

/* Where the text goes that is put before the subject: behind "Subject:" and its blanks, those of a fold too, unless
 * it is all blank; or after it: at the end of the field, its line end left out. */
static uint64_t subject_offset(struct span message, const struct mime_header *subject,
                               enum judge_subject_change change)
{
    struct span text = span_trim(subject->value);
    const char *end = subject->value.p + subject->value.n;
    if (change == JUDGE_SUBJECT_APPEND)
        return (uint64_t)(end - message.p);
    return (uint64_t)((text.n ? text.p : subject->value.p) - message.p);
}

/* The whole field with its line end goes. */
static struct judge_edit removal(struct span message, const struct mime_header *h)
{
    size_t begin = (size_t)(h->name.p - message.p), end = (size_t)(h->value.p + h->value.n - message.p);
    struct span rest = span_slice(message, end, 2);
    if (rest.n && rest.p[0] == '\r')
        end++;
    if (end < message.n && message.p[end] == '\n')
        end++;
    return (struct judge_edit){begin, end - begin, {NULL, 0}};
}

/* new_subject is for a message that has none. */
static struct span new_headers(const struct judge_child *child, const struct judge_findings *findings,
                               struct span header, struct span new_subject, struct arena *arena)
{
    struct buf headers = {0};
    buf_append_span(&headers, SPAN("X-IronPort-Anti-Spam-Filtered: true\r\nX-IronPort-Anti-Spam-Result: "));
    append_result_value(&headers, child, findings);
    buf_append_span(&headers, SPAN("\r\n"));
    if (header.n) {
        buf_append_span(&headers, header);
        buf_append_span(&headers, SPAN("\r\n"));
    }
    if (new_subject.n) {
        buf_append_span(&headers, SPAN("Subject: "));
        buf_append_span(&headers, new_subject);
        buf_append_span(&headers, SPAN("\r\n"));
    }
    struct span text = arena_dup(arena, buf_span(&headers));
    buf_free(&headers);
    return text;
}

void judge_edit_headers(const struct judge_input *input, const struct mime_view *view,
                        const struct judge_findings *findings, const struct judge_treatment *treatment,
                        struct arena *arena, struct judge_child *child)
{
    static const struct judge_treatment nothing;
    const struct judge_treatment *t = treatment ? treatment : &nothing;
    struct span text = t->subject_change == JUDGE_SUBJECT_KEEP ? (struct span){0} : t->subject_text;
    const struct mime_header *subject = mime_view_header(view, "Subject");
    struct judge_edit *edits = arena_calloc(arena, view->header_count + 2, sizeof *edits);
    uint32_t count = 0;
    if (child->score >= 0)
        edits[count++] = (struct judge_edit){
            0, 0, new_headers(child, findings, t->header, subject ? (struct span){0} : text, arena)};
    for (size_t i = 0; i < view->header_count; i++) {
        const struct mime_header *h = &view->headers[i];
        if (judge_is_verdict_header(h->name))
            edits[count++] = removal(input->message, h);
        else if (h == subject && text.n)
            edits[count++] =
                (struct judge_edit){subject_offset(input->message, h, t->subject_change), 0, text};
    }
    child->edits = edits;
    child->edit_count = count;
}
