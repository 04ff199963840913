/* Which literals an expression requires, and the search for many literals at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "engine/base/buf.h"
#include "engine/scan/literal_search.h"
#include "engine/scan/rule_literals.h"

static void expect(const char *expression, const char *wanted)
{
    struct rule_literals found;
    struct buf text = {0};
    rule_literals_find(span_text(expression), &found);
    for (size_t i = 0; i < found.count; i++)
        buf_printf(&text, "%s%.*s", i ? "|" : "", found.items[i].size, found.items[i].text);
    if (strcmp(buf_text(&text), wanted) != 0)
        fail_msg("%s requires \"%s\", found \"%s\"", expression, wanted, buf_text(&text));
    buf_free(&text);
}

static void plain_text_is_its_own_literal(void **state)
{
    (void)state;
    expect("Viagra", "viagra");
    expect("\\bact now\\b", "act now");
    expect("100\\.5\\$", "100.5$");
    expect("caf\xc3\xa9", "caf\xc3\xa9");
    expect("ab", "");
}

static void the_rarest_run_is_chosen(void **state)
{
    (void)state;
    expect("the .{0,9}quiz", "quiz");
    expect("dear [a-z]+ beneficiary", " beneficiary");
}

static void what_may_be_left_out_is_not_required(void **state)
{
    (void)state;
    expect("colou?red", "colo");
    expect("abc*defg", "defg");
    expect("(?:pills)?tablets", "tablets");
    expect("(?:pills){0,3}tab", "tab");
    expect("(?:pills){2,}tab", "pills");
    expect("abcd{0}efg", "abc");
}

static void what_may_be_repeated_ends_a_run(void **state)
{
    (void)state;
    expect("free+dom", "free");
    expect("xyz{2}q", "xyz");
}

static void blanks_of_any_kind_and_number_are_one(void **state)
{
    (void)state;
    expect("act\\s+now", "act now");
    expect("act \\s now", "act now");
    expect("act\\s{2,3}\\bnow", "act now");
    expect("free\\s*prize", "prize");
    expect("[0-9]\\sfree\\s", " free ");
}

static void alternatives_are_required_together(void **state)
{
    (void)state;
    expect("a (?:pills|tablets)", "pills|tablets");
    expect("viagra|cialis", "viagra|cialis");
    expect("(?:a(?:bcd|efg)|hijk)", "bcd|efg|hijk");
    expect("viagra|.", "");
    expect("mortgage (?:a|b)", "mortgage ");
}

static void assertions_require_nothing(void **state)
{
    (void)state;
    expect("(?=prize)win it", "win it");
    expect("(?<!prize)lottery", "lottery");
}

static void what_is_not_known_gives_none(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "(?i)abcdef",    "(?x) a b c d",     "\\x41bcdef", "\\Qabcdef\\E", "(abc)\\1def", "(?(1)abc|def)ghi",
        "(?R)abcdef",    "abc{,3}def",       "abcd)",      "(abcd",        "[abcd",       "a**bcdef",
        "(*FAIL)abcdef", "[[:x]|b[y:]]abcd",
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        expect(unknown[i], "");
    expect("((((((((((((((((((deep))))))))))))))))))", "");
}

static void classes_end_where_pcre_ends_them(void **state)
{
    (void)state;
    expect("[]abc]defg", "defg");
    expect("[^]abc]defg", "defg");
    expect("[[:alpha:]]defg", "defg");
    expect("[a\\]b]defg", "defg");
}

static uint32_t seed = 1;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

enum { TEXT_MAX = 300 };

/* Does text end with the literal, runs of blanks being one? */
static bool ends_with(struct span text, struct span literal)
{
    char folded[TEXT_MAX];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] && strchr(" \t\n\v\f\r", text.p[i]) ? ' ' : text.p[i];
        if (c != ' ' || n == 0 || folded[n - 1] != ' ')
            folded[n++] = c;
    }
    return n >= literal.n && span_equal_nocase(span_of(folded + n - literal.n, literal.n), literal);
}

static bool holds_one(const struct rule_literals *literals, struct span text)
{
    for (size_t i = 0; i < literals->count; i++)
        for (size_t end = 1; end <= text.n; end++)
            if (ends_with(span_slice(text, 0, end),
                          span_of(literals->items[i].text, literals->items[i].size)))
                return true;
    return false;
}

/* PCRE2 is the judge: whatever it matches holds one of the literals. */
static void random_expressions_match_nothing_without_their_literals(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a", "b",   "abc", "cab",  "(",     "(?:",  ")",   "|",
                                         "?", "*",   "+",   "{2}",  "{0,1}", "[ab]", ".",   "\\b",
                                         "^", "(?=", "\\w", "[^c]", "C",     " ",    "\\s", "\\s+"};
    unsigned matched = 0;
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    for (unsigned round = 0; round < 200000; round++) {
        struct buf expression = {0};
        for (uint32_t n = 1 + next_random(9); n; n--)
            buf_append_span(&expression, span_text(pieces[next_random(sizeof pieces / sizeof pieces[0])]));
        int number;
        PCRE2_SIZE offset;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)expression.data, expression.len, PCRE2_CASELESS, &number,
                                         &offset, NULL);
        char text[16];
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = "aabbccAB \n"[next_random(10)];
        struct rule_literals literals;
        rule_literals_find(buf_span(&expression), &literals);
        if (code && literals.count &&
            pcre2_match(code, (PCRE2_SPTR)text, sizeof text, 0, 0, match, NULL) > 0) {
            matched++;
            if (!holds_one(&literals, span_of(text, sizeof text)))
                fail_msg("%s matches %.*s", buf_text(&expression), (int)sizeof text, text);
        }
        pcre2_code_free(code);
        buf_free(&expression);
    }
    pcre2_match_data_free(match);
    assert_true(matched > 500);
}

/* Sums up what was found: the order within one place does not matter. */
struct findings {
    uint64_t sum;
    size_t count, stop_after;
};

static bool add_finding(void *context, uint32_t literal, size_t end)
{
    struct findings *f = context;
    f->sum += (literal + 1) * UINT64_C(1000003) * end * end;
    return ++f->count != f->stop_after;
}

static struct findings search_naively(const struct span *literals, size_t count, struct span text)
{
    struct findings f = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t end = 1; end <= text.n; end++)
            if (ends_with(span_slice(text, 0, end), literals[i]))
                add_finding(&f, (uint32_t)i, end);
    return f;
}

static void the_search_finds_what_a_naive_one_finds(void **state)
{
    (void)state;
    enum { MOST = 12 };
    for (unsigned round = 0; round < 500; round++) {
        char store[MOST][6], text[TEXT_MAX];
        size_t count = 1 + next_random(MOST);
        struct span literals[MOST];
        for (size_t i = 0; i < count; i++) {
            literals[i] = span_of(store[i], 1 + next_random(sizeof store[i]));
            for (size_t k = 0; k < literals[i].n; k++)
                store[i][k] = k && store[i][k - 1] == ' ' ? 'a' : "abAB\xc3 "[next_random(6)];
        }
        for (size_t i = 0; i < TEXT_MAX; i++)
            text[i] = "abABc\xc3\0 \t"[next_random(9)];
        struct findings naive = search_naively(literals, count, span_of(text, TEXT_MAX)), found = {0};
        struct literal_search *search = literal_search_new(literals, count);
        literal_search_run(search, span_of(text, TEXT_MAX), add_finding, &found);
        literal_search_free(search);
        assert_int_equal(found.count, naive.count);
        assert_true(found.sum == naive.sum);
    }
}

static void a_search_ends_when_told_so(void **state)
{
    (void)state;
    const struct span literals[] = {SPAN("a")};
    struct literal_search *search = literal_search_new(literals, 1);
    struct findings f = {.stop_after = 3};
    literal_search_run(search, SPAN("aaaaaaaa"), add_finding, &f);
    assert_int_equal(f.count, 3);
    literal_search_free(search);
}

static void a_search_for_nothing_finds_nothing(void **state)
{
    (void)state;
    struct literal_search *search = literal_search_new(NULL, 0);
    struct findings f = {0};
    literal_search_run(search, SPAN("text"), add_finding, &f);
    assert_int_equal(f.count, 0);
    literal_search_free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_is_its_own_literal),
        cmocka_unit_test(the_rarest_run_is_chosen),
        cmocka_unit_test(what_may_be_left_out_is_not_required),
        cmocka_unit_test(what_may_be_repeated_ends_a_run),
        cmocka_unit_test(blanks_of_any_kind_and_number_are_one),
        cmocka_unit_test(alternatives_are_required_together),
        cmocka_unit_test(assertions_require_nothing),
        cmocka_unit_test(what_is_not_known_gives_none),
        cmocka_unit_test(classes_end_where_pcre_ends_them),
        cmocka_unit_test(random_expressions_match_nothing_without_their_literals),
        cmocka_unit_test(the_search_finds_what_a_naive_one_finds),
        cmocka_unit_test(a_search_ends_when_told_so),
        cmocka_unit_test(a_search_for_nothing_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
