/* The ground of everything: spans, buffers, arenas, text for logs, and the wire format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/text.h"
#include "engine/wire/wire.h"

static void expect_text(struct span wire, size_t limit, const char *want)
{
    struct buf out = {0};
    text_from_wire(&out, wire, limit);
    assert_string_equal(buf_text(&out), want);
    buf_free(&out);
}

static void text_keeps_valid_utf8(void **state)
{
    (void)state;
    expect_text(SPAN("Gr\xc3\xbc\xc3\x9f dich \xe6\xbc\xa2"), 100, "Gr\xc3\xbc\xc3\x9f dich \xe6\xbc\xa2");
}

static void text_escapes_what_would_spoil_a_log(void **state)
{
    (void)state;
    expect_text(SPAN("a\r\nb\x1b[31m\x7f"), 100, "a\\x0d\\x0ab\\x1b[31m\\x7f");
    expect_text(SPAN("\xff\xc3("), 100, "\\xff\\xc3(");
    expect_text(SPAN("\xed\xa0\x80\xc0\xaf"), 100, "\\xed\\xa0\\x80\\xc0\\xaf");
    expect_text(SPAN("\xc2\x85"), 100, "\\xc2\\x85");
    expect_text(SPAN("abcdef"), 3, "abc...");
}

static void numbers_are_digits_only_and_must_fit(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(span_parse_u64(SPAN("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    assert_false(span_parse_u64(SPAN("18446744073709551616"), &value));
    assert_false(span_parse_u64(SPAN("-1"), &value));
    assert_false(span_parse_u64(SPAN(""), &value));
}

static void wire_gives_back_what_was_put(void **state)
{
    (void)state;
    struct buf out = {0};
    wire_put_u8(&out, 200);
    wire_put_u16(&out, 60000);
    wire_put_u32(&out, 4000000000u);
    wire_put_i64(&out, -5);
    wire_put_span(&out, SPAN("a\0b"));
    struct wire_reader in = wire_reader_of(buf_span(&out));
    assert_int_equal(wire_get_u8(&in), 200);
    assert_int_equal(wire_get_u16(&in), 60000);
    assert_true(wire_get_u32(&in) == 4000000000u);
    assert_true(wire_get_i64(&in) == -5);
    assert_true(span_equal(wire_get_span(&in), SPAN("a\0b")));
    assert_true(wire_reader_done(&in));
    buf_free(&out);
}

static void wire_never_reads_past_its_end(void **state)
{
    (void)state;
    struct wire_reader in = wire_reader_of(SPAN("\xff\xff\xff\xff"
                                                "abc"));
    struct span s = wire_get_span(&in);
    assert_int_equal(s.n, 0);
    assert_true(in.failed);
    assert_int_equal(wire_get_u8(&in), 0);
    assert_false(wire_reader_done(&in));

    in = wire_reader_of(SPAN("\x03\0\0\0xx"));
    assert_int_equal(wire_get_count(&in, 1), 0);
    assert_true(in.failed);
}

static void arena_memory_is_aligned_and_survives_growth(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char *first = arena_text(a, SPAN("first"));
    for (int i = 0; i < 1000; i++)
        assert_int_equal((uintptr_t)arena_alloc(a, (size_t)i * 7) % sizeof(void *), 0);
    assert_string_equal(first, "first");
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_keeps_valid_utf8),
        cmocka_unit_test(text_escapes_what_would_spoil_a_log),
        cmocka_unit_test(numbers_are_digits_only_and_must_fit),
        cmocka_unit_test(wire_gives_back_what_was_put),
        cmocka_unit_test(wire_never_reads_past_its_end),
        cmocka_unit_test(arena_memory_is_aligned_and_survives_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
