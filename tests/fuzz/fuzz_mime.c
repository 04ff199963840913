/* The view of any bytes: whatever comes, it is made, stays within its limits and holds valid UTF-8.
 *
 * The first byte chooses the limits, so that they are hit by small inputs too.
 */
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/mime/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct mime_limits small_limits = {
    .depth = 3, .parts = 5, .headers = 4, .header_bytes = 200, .text_bytes = 64, .urls = 2};

static void check(bool fact)
{
    if (!fact)
        abort();
}

static void check_utf8(struct span s)
{
    while (s.n) {
        size_t length = text_utf8_length(s);
        check(length > 0);
        s = span_slice(s, length, s.n);
    }
}

static void check_within(struct span inner, struct span outer)
{
    check(inner.n == 0 || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

static void check_view(const struct mime_view *view, const struct mime_limits *limits, struct span message,
                       size_t skip)
{
    check(view->text.n <= limits->text_bytes && view->hidden.n <= 4096);
    check(view->header_count <= limits->headers && view->url_count <= limits->urls);
    check(view->attachment_count <= 64 && view->parts <= limits->parts && view->depth <= limits->depth);
    check(view->body_offset >= skip && view->body_offset <= message.n);
    check_utf8(view->text);
    check_utf8(view->hidden);
    for (size_t i = 0; i < view->header_count; i++) {
        check_within(view->headers[i].name, message);
        check_within(view->headers[i].value, message);
        check_utf8(view->headers[i].decoded);
    }
    for (size_t i = 0; i < view->url_count; i++) {
        check_utf8(view->urls[i].target);
        check_utf8(view->urls[i].text);
    }
    for (size_t i = 0; i < view->attachment_count; i++)
        check_utf8(view->attachments[i].name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    mime_charsets_open();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct mime_limits *limits = data[0] & 1 ? &mime_default_limits : &small_limits;
    struct span message = span_of(data + 1, size - 1);
    size_t skip = data[0] >> 5;
    struct arena *arena = arena_new();
    struct mime_view view;
    mime_view_build(message, skip, limits, NULL, arena, &view);
    check_view(&view, limits, message, skip < message.n ? skip : message.n);
    arena_free(arena);
    return 0;
}
