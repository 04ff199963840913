/* What the tests of engine/mime share: making views of mail written here, and expecting things of them. */
#ifndef TESTS_VIEW_FIXTURE_H
#define TESTS_VIEW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "engine/mime/view.h"

#define MIB ((size_t)1024 * 1024)

static struct arena *arena;
static struct buf mail; /* for mail that a test puts together */

static inline int fixture_setup(void **state)
{
    (void)state;
    arena = arena_new();
    buf_clear(&mail);
    return 0;
}

static inline int fixture_teardown(void **state)
{
    (void)state;
    arena_free(arena);
    buf_free(&mail);
    return 0;
}

#define VIEW_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

static inline struct mime_view view_with(struct span message, const struct mime_limits *limits)
{
    struct mime_view view;
    mime_view_build(message, 0, limits, NULL, arena, &view);
    return view;
}

static inline struct mime_view view_of(struct span message)
{
    return view_with(message, &mime_default_limits);
}

#define VIEW(literal) view_of(SPAN(literal))

static inline void put(const char *text)
{
    buf_append_span(&mail, span_text(text));
}

static inline void put_times(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(text);
}

static inline struct mime_view view_of_mail(void)
{
    return view_of(buf_span(&mail));
}

static inline void expect_span(struct span have, const char *want)
{
    assert_string_equal(arena_text(arena, have), want);
    assert_int_equal(have.n, strlen(want));
}

static inline bool holds(struct span text, const char *what)
{
    struct span needle = span_text(what);
    return text.n >= needle.n && span_find_span(text, needle) < text.n;
}

static inline void expect_header(const struct mime_view *view, const char *name, const char *decoded)
{
    const struct mime_header *header = mime_view_header(view, name);
    assert_non_null(header);
    expect_span(header->decoded, decoded);
}

static inline void expect_subject(const char *raw, const char *decoded)
{
    struct buf message = {0};
    buf_printf(&message, "Subject: %s\r\n\r\n", raw);
    struct mime_view view = view_of(buf_span(&message));
    expect_header(&view, "subject", decoded);
    buf_free(&message);
}

#endif
