/* How much there is of what. */
#include "engine/scan/feature_sink.h"

/* Kinds of bytes in the begin of the text. */
struct byte_kinds {
    uint64_t upper, lower, digits, exclamation_marks, lines, foreign, dollars, quoted_lines;
};

static uint64_t sum_of(const uint32_t counts[256], unsigned first, unsigned last)
{
    uint64_t sum = 0;
    for (unsigned c = first; c <= last; c++)
        sum += counts[c];
    return sum;
}

static void count_kinds(struct span text, struct byte_kinds *kinds)
{
    uint32_t counts[256] = {0};
    uint64_t quoted_lines = 0;
    char before = '\n';
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        counts[(unsigned char)c]++;
        quoted_lines += (before == '\n') & (c == '>');
        before = c;
    }
    *kinds = (struct byte_kinds){
        .upper = sum_of(counts, 'A', 'Z'),
        .lower = sum_of(counts, 'a', 'z'),
        .digits = sum_of(counts, '0', '9'),
        .exclamation_marks = counts['!'],
        .lines = counts['\n'],
        .foreign = sum_of(counts, 0x80, 0xff),
        .dollars = counts['$'],
        .quoted_lines = quoted_lines,
    };
}

/* The place in the list names the thing: new ones go to its end. */
void feature_add_sizes(struct feature_sink *sink)
{
    const struct mime_view *v = sink->input->view;
    struct span text = span_slice(v->text, 0, FEATURE_TEXT_BYTES);
    struct byte_kinds k;
    count_kinds(text, &k);
    uint64_t bytes = text.n + 1, letters = k.upper + k.lower;
    const uint64_t sizes[] = {
        v->text.n,
        v->url_count,
        v->links,
        v->images,
        v->html_bytes,
        v->parts,
        v->attachment_bytes,
        v->hidden.n,
        v->header_count,
        8 * v->html_bytes / (v->text.n + 1),
        sink->input->body.n,
        64 * k.upper / (letters + 1),
        128 * k.digits / bytes,
        k.exclamation_marks,
        512 * k.exclamation_marks / bytes,
        text.n / (k.lines + 1),
        64 * k.foreign / bytes,
        k.dollars,
        k.quoted_lines,
        100 * (text.n - letters - k.digits) / bytes,
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        feature_add_size(sink, SCAN_SIZES, i, sizes[i]);
}
