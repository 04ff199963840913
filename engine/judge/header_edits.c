/* Header edits: our X-IronPort-Anti-Spam-*, IronPort-PHdr and a policy's headers in, the sender's own out, the subject
 * changed. */
#include "engine/judge/header_edits.h"

#include "engine/judge/verdict_header.h"

static uint32_t name_rules(const struct scan_rules *rules, const uint16_t *hits, uint32_t count,
                           uint32_t names[JUDGE_RESULT_RULES_MAX])
{
    uint32_t n = count < JUDGE_RESULT_RULES_MAX ? count : JUDGE_RESULT_RULES_MAX;
    struct scan_rule_info info;
    for (uint32_t i = 0; i < n; i++) {
        scan_rules_info(rules, hits[i], &info);
        names[i] = judge_result_rule(&info);
    }
    return n;
}

static void append_result_value(struct buf *out, const struct judge_child *child,
                                const struct judge_findings *findings)
{
    struct judge_result_value value = {.model = scan_model_id(findings->model),
                                       .features = SCAN_FEATURE_VERSION,
                                       .score = (uint8_t)child->score,
                                       .verdict = (uint8_t)child->verdict,
                                       .partial = child->partial,
                                       .test_mark = child->test_mark};
    const struct scan_hits *hits = findings->spam_hits;
    value.rule_count =
        name_rules(findings->rules, hits ? hits->rules : NULL, hits ? hits->count : 0, value.rules);
    judge_result_value_put(out, &value);
}

static void append_phdr_value(struct buf *out, const struct judge_child *child,
                              const struct judge_findings *findings)
{
    int32_t points = child->graymail_points / 10;
    struct judge_phdr_value value = {.graymail = (uint8_t)child->graymail,
                                     .points = (int16_t)(points > INT16_MAX   ? INT16_MAX
                                                         : points < INT16_MIN ? INT16_MIN
                                                                              : points)};
    const struct scan_hits *hits = findings->graymail_hits;
    value.rule_count = name_rules(findings->rules, hits ? hits->graymail : NULL,
                                  hits ? hits->graymail_count : 0, value.rules);
    judge_phdr_value_put(out, &value);
}

/* Where the text goes that is put before the subject: behind "Subject:" and its blanks, those of a fold too, unless
 * it is all blank. */
static uint64_t before_subject(struct span message, const struct mime_header *subject)
{
    struct span text = span_trim(subject->value);
    return (uint64_t)((text.n ? text.p : subject->value.p) - message.p);
}

/* And after it: at the end of the field, its line end left out. */
static uint64_t after_subject(struct span message, const struct mime_header *subject)
{
    return (uint64_t)(subject->value.p + subject->value.n - message.p);
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

/* The texts of all engines: that of the last stands first before the subject, and last after it. */
struct subject_texts {
    struct span before, after;
};

static struct span joined(struct span a, struct span b, struct arena *arena)
{
    char *text = arena_alloc(arena, a.n + b.n + 1);
    if (a.n)
        memcpy(text, a.p, a.n);
    if (b.n)
        memcpy(text + a.n, b.p, b.n);
    return span_of(text, a.n + b.n);
}

static struct subject_texts subject_texts(const struct judge_treatment *const marks[JUDGE_ENGINES],
                                          struct arena *arena)
{
    struct subject_texts texts = {{0}, {0}};
    for (unsigned i = 0; i < JUDGE_ENGINES; i++) {
        if (marks[i] && marks[i]->subject_change == JUDGE_SUBJECT_PREPEND)
            texts.before = joined(marks[i]->subject_text, texts.before, arena);
        if (marks[i] && marks[i]->subject_change == JUDGE_SUBJECT_APPEND)
            texts.after = joined(texts.after, marks[i]->subject_text, arena);
    }
    return texts;
}

static void put_header(struct buf *out, struct span header)
{
    buf_append_span(out, header);
    buf_append_span(out, SPAN("\r\n"));
}

static void append_tests(struct buf *out, struct span names)
{
    enum { COLUMNS = 76 };
    const char *before = "\r\n\ttests=";
    size_t column = sizeof "tests=";
    for (; names.n; before = ",") {
        struct span name = span_slice(names, 0, span_find(names, ','));
        names = span_slice(names, name.n + 1, names.n);
        if (column + name.n > COLUMNS) {
            before = ",\r\n\t";
            column = 0;
        }
        buf_append_span(out, span_text(before));
        buf_append_span(out, name);
        column += name.n + 1;
    }
}

/* "X-Mailward-Peer-rspamd: Yes, score=12.3 required=15.0" and the names of its rules: the form that mail programs know
 * from the header of SpamAssassin. */
static void append_peer_header(struct buf *out, enum peer_id id, const struct peer_verdict *v)
{
    if (v->state != PEER_ANSWERED)
        return;
    buf_printf(out, "%s%s: %s, score=", JUDGE_PEER_HEADER, peer_name(id), v->spam ? "Yes" : "No");
    peer_points_print(out, v->points);
    buf_append_span(out, SPAN(" required="));
    peer_points_print(out, v->required);
    append_tests(out, v->symbols);
    buf_append_span(out, SPAN("\r\n"));
}

/* new_subject is for a message that has none. */
static struct span new_headers(const struct judge_child *child, const struct judge_findings *findings,
                               const struct judge_treatment *const marks[JUDGE_ENGINES],
                               struct span new_subject, struct arena *arena)
{
    struct buf headers = {0};
    if (child->score >= 0) {
        buf_append_span(&headers,
                        SPAN("X-IronPort-Anti-Spam-Filtered: true\r\nX-IronPort-Anti-Spam-Result: "));
        append_result_value(&headers, child, findings);
        buf_append_span(&headers, SPAN("\r\n"));
        for (unsigned i = 0; findings->peers && i < PEER_COUNT; i++)
            append_peer_header(&headers, i, &findings->peers[i]);
    }
    if (findings->phdr) {
        buf_append_span(&headers, SPAN(JUDGE_PHDR_HEADER ": "));
        append_phdr_value(&headers, child, findings);
        buf_append_span(&headers, SPAN("\r\n"));
    }
    for (unsigned i = 0; i < JUDGE_ENGINES; i++)
        if (marks[i] && marks[i]->header.n)
            put_header(&headers, marks[i]->header);
    if (new_subject.n) {
        buf_append_span(&headers, SPAN("Subject: "));
        put_header(&headers, new_subject);
    }
    struct span text = arena_dup(arena, buf_span(&headers));
    buf_free(&headers);
    return text;
}

/* Returns how many edits: none, one, or two in their order. */
static uint32_t edit_subject(struct span message, const struct mime_header *subject,
                             struct subject_texts texts, struct arena *arena, struct judge_edit *edits)
{
    uint64_t before = before_subject(message, subject), after = after_subject(message, subject);
    uint32_t count = 0;
    if (before == after) {
        texts.before = joined(texts.before, texts.after, arena);
        texts.after = (struct span){0};
    }
    if (texts.before.n)
        edits[count++] = (struct judge_edit){before, 0, texts.before};
    if (texts.after.n)
        edits[count++] = (struct judge_edit){after, 0, texts.after};
    return count;
}

void judge_edit_headers(const struct judge_input *input, const struct mime_view *view,
                        const struct judge_findings *findings,
                        const struct judge_treatment *const marks[JUDGE_ENGINES], struct arena *arena,
                        struct judge_child *child)
{
    struct subject_texts texts = subject_texts(marks, arena);
    const struct mime_header *subject = mime_view_header(view, "Subject");
    struct judge_edit *edits = arena_calloc(arena, view->header_count + 3, sizeof *edits);
    uint32_t count = 0;
    struct span new_subject = subject ? (struct span){0} : joined(texts.before, texts.after, arena);
    struct span headers = new_headers(child, findings, marks, new_subject, arena);
    if (headers.n)
        edits[count++] = (struct judge_edit){0, 0, headers};
    for (size_t i = 0; i < view->header_count; i++) {
        const struct mime_header *h = &view->headers[i];
        if (judge_is_verdict_header(h->name))
            edits[count++] = removal(input->message, h);
        else if (h == subject)
            count += edit_subject(input->message, h, texts, arena, edits + count);
    }
    child->edits = edits;
    child->edit_count = count;
}
