/* The rule language and the pass over a message. */
#define _GNU_SOURCE /* mkdtemp, mkstemp, fdopen */
#include "tests/unit/complaints_fixture.h"
#include "tests/unit/view_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/scan/graymail.h"
#include "engine/scan/rules.h"

static struct scan_rules *parse(const char *text)
{
    struct scan_rule_complaints c = complaints_begin();
    return scan_rules_parse("test.rules", span_text(text), &c);
}

static struct scan_rules *rules_of(const char *text)
{
    struct scan_rules *rules = parse(text);
    if (!rules)
        fail_msg("%s", buf_text(&complaints));
    return rules;
}

/* The first complaint about text begins with place and holds what. */
static void refused(const char *text, const char *place, const char *what)
{
    if (parse(text))
        fail_msg("taken: %s", text);
    const char *have = buf_text(&complaints);
    if (strncmp(have, place, strlen(place)) != 0 || !strstr(have, what))
        fail_msg("expected %s ... %s, got %s", place, what, have);
}

#define BODY_RULE(match) "rule a\n scope body\n match " match "\n about A test\n"

static void mistakes_are_named_with_their_place_and_what_would_be_right(void **state)
{
    (void)state;
    refused("rule Abc\n", "test.rules:1:6:", "a name is");
    refused("\n  scop body\n", "test.rules:2:3:", "did you mean scope?");
    refused("scope body\n", "test.rules:1:1:", "before the first `rule`");
    refused("rule a\n scope bodi\n", "test.rules:2:8:", "did you mean body?");
    refused("rule a\n scope header\n", "test.rules:2:14:", "name of a header");
    refused("rule a\n match abc\n", "test.rules:2:8:", "between slashes");
    refused("rule a\n match /abc/iq\n", "test.rules:2:14:", "unknown flag");
    refused("rule a\n tag spamm\n", "test.rules:2:6:", "did you mean spam?");
    refused("rule a\n scope body\n scope url\n", "test.rules:3:8:", "twice");
    refused("rule a\n match /abc/\n", "test.rules:1:6:", "no `scope`");
    refused("rule a\n scope body\n match /abc/\n", "test.rules:1:6:", "no `about`");
    refused("rule a\n scope body\n", "test.rules:1:6:", "neither `match` nor `when`");
    refused(BODY_RULE("/ab(c/"), "test.rules:3:13:", "closing parenthesis");
    refused(BODY_RULE("/ab\\Ac/"), "test.rules:3:11:", "^ and $ stand for");
    refused(BODY_RULE("/(*UTF)abc/"), "test.rules:3:9:", "leave out");
    refused(BODY_RULE("/abc/") BODY_RULE("/def/"), "test.rules:5:6:", "test.rules line 1");
    refused(BODY_RULE("/abc/") " when b\n", "test.rules:1:6:", "one or the other");
}

static void mistakes_about_graymail_are_named_too(void **state)
{
    (void)state;
#define GRAYMAIL_RULE(lines) "rule a\n scope body\n match /abc/\n about A test\n" lines
    refused(GRAYMAIL_RULE(" tag graymail:bulk\n"), "test.rules:1:6:", "has no `points`");
    refused(GRAYMAIL_RULE(" points +1\n"), "test.rules:1:6:", "for rules with a graymail tag");
    refused(GRAYMAIL_RULE(" tag graymail spam\n points +1\n"), "test.rules:1:6:", "make two rules of it");
    refused(GRAYMAIL_RULE(" tag graymail\n points 1\n"), "test.rules:6:9:", "points have a sign");
    refused(GRAYMAIL_RULE(" tag graymail\n points +1.\n"), "test.rules:6:9:", "points have a sign");
    refused(GRAYMAIL_RULE(" tag graymail\n points +123\n"), "test.rules:6:9:", "points have a sign");
    refused(GRAYMAIL_RULE(" tag graymail\n points -1.234\n"), "test.rules:6:9:", "points have a sign");
    refused(GRAYMAIL_RULE(" tag graymail\n points +1 +2\n"), "test.rules:6:9:", "points have a sign");
    refused(GRAYMAIL_RULE(" tag graymail\n points +1\n points +2\n"), "test.rules:7:9:", "twice");
    scan_rules_free(rules_of(GRAYMAIL_RULE(" tag graymail\n points -0.05\n")));
}

static void mistakes_in_when_are_named_too(void **state)
{
    (void)state;
#define META(when) BODY_RULE("/abc/") "rule m\n when " when "\n about A test\n"
    refused(META("b"), "test.rules:6:7:", "defined before it is used");
    refused(META("m"), "test.rules:6:7:", "defined before it is used");
    refused(META("a and"), "test.rules:6:12:", "must follow");
    refused(META("a a"), "test.rules:6:9:", "`and`, `or`");
    refused(META("and a"), "test.rules:6:7:", "must stand here");
    refused(META("(a"), "test.rules:6:9:", "not closed");
    refused(META("a)"), "test.rules:6:8:", "not opened");
    struct buf text = {0};
    buf_append_span(&text, SPAN(BODY_RULE("/abc/") "rule m\n about A test\n when a"));
    for (int i = 0; i < 100; i++)
        buf_append_span(&text, SPAN(" and a"));
    refused(buf_text(&text), "test.rules:7:", "too long");
    buf_free(&text);
}

static void all_mistakes_of_a_file_are_told(void **state)
{
    (void)state;
    assert_null(parse("rule A\nrule b\n scope x\nrule c\n match y\n"));
    unsigned lines = 0;
    for (const char *p = buf_text(&complaints); *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 3);
}

static struct scan_hits hits_in(const struct scan_rules *rules, const struct mime_view *view, struct span raw)
{
    static const struct span recipients[] = {{"bob@gw.example", 14}};
    const struct scan_rule_input input = {.view = view,
                                          .raw = raw,
                                          .sender = SPAN("ann@a.example"),
                                          .helo = SPAN("mx.a.example"),
                                          .client_ip = SPAN("192.0.2.1"),
                                          .recipients = recipients,
                                          .recipient_count = 1};
    struct scan_hits hits;
    scan_rules_run(rules, &input, NULL, NULL, arena, &hits);
    return hits;
}

/* The category, and the points in hundredths, that rules of these tags and points give a message with all their words. */
static enum scan_graymail graymail_of(const char *rules_text, const char *message, int *hundredths)
{
    struct scan_rules *rules = rules_of(rules_text);
    struct mime_view view = view_of(span_text(message));
    const struct scan_rule_input asked = {.view = &view, .graymail = true};
    struct scan_hits found;
    int32_t points;
    scan_rules_run(rules, &asked, NULL, NULL, arena, &found);
    enum scan_graymail answer = scan_graymail_of(rules, &found, &points);
    *hundredths = points / 10;
    assert_int_equal(found.count, 0);
    struct scan_hits others = hits_in(rules, &view, (struct span){0});
    assert_int_equal(others.count + others.graymail_count, 0);
    scan_rules_free(rules);
    return answer;
}

#define POINTS(word, tag, points)                                                                            \
    "rule r_" word "\n scope body\n match /" word "/\n tag " tag "\n points " points "\n about A test\n"

static void points_add_up_and_the_tags_say_which_category_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        enum scan_graymail answer;
        int hundredths;
    } cases[] = {
        {POINTS("abc", "graymail", "+4.99"), SCAN_GRAYMAIL_NONE, 499},
        {POINTS("abc", "graymail", "+4.99") POINTS("def", "graymail", "+.01"), SCAN_GRAYMAIL_NONE, 0},
        {POINTS("abc", "graymail", "+4.9") POINTS("def", "graymail", "+0.1"), SCAN_GRAYMAIL_BULK, 500},
        {POINTS("abc", "graymail", "+9") POINTS("def", "graymail", "-4.01"), SCAN_GRAYMAIL_NONE, 499},
        {POINTS("abc", "graymail", "+9") POINTS("def", "graymail:social", "+1.99"), SCAN_GRAYMAIL_BULK, 1099},
        {POINTS("abc", "graymail", "+9") POINTS("def", "graymail:social", "+2"), SCAN_GRAYMAIL_SOCIAL, 1100},
        {POINTS("abc", "graymail:marketing", "+5") POINTS("def", "graymail:social", "+4"),
         SCAN_GRAYMAIL_MARKETING, 900},
        {POINTS("abc", "graymail:marketing", "+5") POINTS("def", "graymail:social", "+5"),
         SCAN_GRAYMAIL_SOCIAL, 1000},
        {POINTS("abc", "graymail:marketing", "+9") POINTS("def", "graymail:social", "-1"),
         SCAN_GRAYMAIL_MARKETING, 800},
        {POINTS("abc", "graymail:marketing", "+5") POINTS("def", "graymail:bulk", "+5"),
         SCAN_GRAYMAIL_MARKETING, 1000},
        {POINTS("abc", "graymail:marketing", "+5") POINTS("def", "graymail:bulk", "+5.01"),
         SCAN_GRAYMAIL_BULK, 1001},
        {POINTS("abc", "graymail:social", "+5") POINTS("def", "graymail:bulk", "+5.01"), SCAN_GRAYMAIL_BULK,
         1001},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int hundredths;
        if (cases[i].hundredths == 0) {
            assert_null(parse(cases[i].rules)); /* "+.01" is no way to write points */
            continue;
        }
        assert_int_equal(graymail_of(cases[i].rules, "\r\nabc def\r\n", &hundredths), cases[i].answer);
        assert_int_equal(hundredths, cases[i].hundredths);
    }
}

/* Does the one rule that these lines make hit the message? */
static bool hits(const char *scope, const char *expression, const char *message)
{
    struct buf text = {0};
    buf_printf(&text, "rule a\n scope %s\n match %s\n about A test\n", scope, expression);
    struct scan_rules *rules = rules_of(buf_text(&text));
    struct mime_view view = view_of(span_text(message));
    struct scan_hits found = hits_in(rules, &view, span_text(message));
    scan_rules_free(rules);
    buf_free(&text);
    return found.count == 1;
}

static void a_rule_sees_its_scope_and_nothing_else(void **state)
{
    (void)state;
    const char *m =
        "From: Ann <ann@a.example>\r\nX-Mark: first\r\nX-Mark: second\r\nSubject: =?utf-8?q?the_theme?=\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe body\r\nhttp://site.example/way\r\n"
        "--b\r\nContent-Type: application/zip; name=\"bill.zip\"\r\n\r\nzz\r\n--b--\r\n";
    assert_true(hits("subject", "/^the theme$/", m));
    assert_true(hits("header From", "/^Ann <ann@/", m));
    assert_true(hits("header x-mark", "/^second$/", m));
    assert_true(hits("header x-mark", "/first\\nsecond/", m));
    assert_true(hits("body", "/^the body$/", m));
    assert_true(hits("raw", "/^--b--/", m));
    assert_true(hits("url", "/^http:..site\\.example.way$/", m));
    assert_true(hits("attachment", "/^application.zip bill\\.zip$/", m));
    assert_true(hits("envelope", "/^from ann@a/", m));
    assert_true(hits("envelope", "/^to bob@gw/", m));
    assert_true(hits("facts", "/^attachment$/", m));
    assert_true(hits("domains", "/^from a\\.example same$/", m));
    assert_true(hits("domains", "/^link site\\.example other$/", m));
    assert_false(hits("body", "/theme/", m));
    assert_false(hits("subject", "/body/", m));
    assert_false(hits("header X-Other", "/first/", m));
}

static void case_counts_unless_told_otherwise(void **state)
{
    (void)state;
    assert_false(hits("body", "/VIAGRA/", "\r\nviagra\r\n"));
    assert_true(hits("body", "/VIAGRA/i", "\r\nviagra\r\n"));
    assert_false(hits("body", "/one.two/", "\r\none\r\ntwo\r\n"));
    assert_true(hits("body", "/one.two/s", "\r\none\r\ntwo\r\n"));
}

static void a_rule_without_a_literal_is_tried_all_the_same(void **state)
{
    (void)state;
    assert_true(hits("body", "/\\d\\d-\\d\\d/", "\r\ncall 12-34\r\n"));
    assert_false(hits("body", "/\\d\\d-\\d\\d/", "\r\ncall 1234\r\n"));
}

static bool holds_when(const char *when)
{
    struct buf text = {0};
    buf_printf(&text,
               "part yes\n scope body\n match /alpha/\npart no\n scope body\n match /omega/\n"
               "rule m\n when %s\n about A test\n",
               when);
    struct scan_rules *rules = rules_of(buf_text(&text));
    struct mime_view view = VIEW("\r\nalpha\r\n");
    struct scan_hits found = hits_in(rules, &view, (struct span){0});
    scan_rules_free(rules);
    buf_free(&text);
    return found.count == 1;
}

static void meta_rules_are_boolean_and_parts_alone_are_no_hits(void **state)
{
    (void)state;
    assert_true(holds_when("yes"));
    assert_false(holds_when("no"));
    assert_true(holds_when("not no"));
    assert_false(holds_when("not not no"));
    assert_true(holds_when("yes or no and no"));
    assert_false(holds_when("(yes or no) and no"));
    assert_true(holds_when("not no and yes"));
    assert_false(holds_when("not (no or yes)"));
    assert_true(holds_when("no or (yes and not(no))"));
}

static bool body_hits_at(const char *expression, size_t before, size_t after, const char *marker)
{
    struct buf message = {0};
    buf_append_span(&message, SPAN("\r\n"));
    for (size_t i = 0; i < before / 2; i++)
        buf_append_span(&message, SPAN("x\n"));
    buf_append_span(&message, span_text(marker));
    for (size_t i = 0; i < after / 2; i++)
        buf_append_span(&message, SPAN("\nx"));
    bool hit = hits("body", expression, buf_text(&message));
    buf_free(&message);
    return hit;
}

static void a_literal_is_found_wherever_it_is(void **state)
{
    (void)state;
    static const size_t places[] = {0, 2000, 2048, 4094, 4096, 4098, 30000, 60000};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_true(body_hits_at("/^one \\w+ lottery$/", places[i], 9000, "one big lottery"));
        assert_true(body_hits_at("/lottery.{0,900}prize/s", places[i], 0, "lottery prize"));
    }
}

static void a_literal_that_leads_nowhere_hides_no_match_behind_it(void **state)
{
    (void)state;
    struct buf message = {0};
    buf_append_span(&message, SPAN("\r\nlottery "));
    for (int i = 0; i < 3500; i++)
        buf_append_char(&message, 'y');
    buf_append_span(&message, SPAN(" lottery "));
    for (int i = 0; i < 850; i++)
        buf_append_char(&message, 'y');
    buf_append_span(&message, SPAN(" prize"));
    assert_true(hits("body", "/lottery.{800,900}prize/", buf_text(&message)));
    buf_free(&message);
}

static void a_window_begins_and_ends_no_line(void **state)
{
    (void)state;
    struct buf message = {0};
    buf_append_span(&message, SPAN("\r\n"));
    for (int i = 0; i < 6000; i++)
        buf_append_char(&message, 'y');
    buf_append_span(&message, SPAN("lottery"));
    for (int i = 0; i < 6000; i++)
        buf_append_char(&message, 'y');
    assert_false(hits("body", "/^y+lottery/", buf_text(&message)));
    assert_false(hits("body", "/lotteryy+$/", buf_text(&message)));
    assert_true(hits("body", "/y{1020}lotteryy{1020}/", buf_text(&message)));
    buf_free(&message);
}

static void a_rule_without_a_literal_sees_sixteen_kib(void **state)
{
    (void)state;
    assert_true(body_hits_at("/\\d\\d-\\d\\d/", 16000, 9000, "12-34"));
    assert_false(body_hits_at("/\\d\\d-\\d\\d/", 20000, 9000, "12-34"));
}

static bool expired_after(void *context)
{
    int *left = context;
    return (*left)-- <= 0;
}

static void the_budget_ends_the_pass_and_the_hits_so_far_count(void **state)
{
    (void)state;
    struct scan_rules *rules = rules_of("rule a\n scope body\n match /alpha/\n about A\n"
                                        "rule b\n scope body\n match /omega/\n about B\n");
    struct mime_view view = VIEW("\r\nalpha omega\r\n");
    const struct scan_rule_input input = {.view = &view};
    for (int allowed = 0; allowed < 3; allowed++) {
        int left = allowed;
        const struct mime_budget budget = {expired_after, &left};
        struct scan_hits found;
        scan_rules_run(rules, &input, &budget, NULL, arena, &found);
        assert_int_equal(found.count, allowed);
        assert_int_equal(found.partial, allowed < 2);
    }
    scan_rules_free(rules);
}

/* What one pass of a set over a body of `size` bytes of c costs, in microseconds of CPU. */
static int64_t cost(const char *text, char c, size_t size, struct scan_hits *found)
{
    struct scan_rules *rules = rules_of(text);
    put("\r\n");
    for (size_t i = 0; i < size; i++)
        buf_append_char(&mail, c);
    struct mime_view view = view_of_mail();
    const struct scan_rule_input input = {.view = &view};
    int64_t begin = clock_cpu_us();
    scan_rules_run(rules, &input, NULL, NULL, arena, found);
    scan_rules_free(rules);
    return clock_cpu_us() - begin;
}

static void exponential_expressions_end_and_are_told(void **state)
{
    (void)state;
    struct scan_hits found;
    assert_true(cost(BODY_RULE("/(?:a+)+[yz]/"), 'a', 65536, &found) < 5000000);
    assert_true(found.partial);
    assert_int_equal(found.count, 0);
}

static void huge_tokens_cost_windows_and_not_their_square(void **state)
{
    (void)state;
    struct scan_hits found;
    assert_true(cost(BODY_RULE("/[a-z]+[0-9]/"), 'a', 65536, &found) < 5000000);
    assert_int_equal(found.count, 0);
}

struct watched {
    unsigned tries;
};

static void count_try(void *context, struct span name)
{
    struct watched *w = context;
    assert_true(span_equal(name, SPAN("a")));
    w->tries++;
}

/* How often an expression is tried on a body with two of its literals, so far apart. */
static unsigned tries_at_distance(unsigned distance)
{
    struct scan_rules *rules = rules_of(BODY_RULE("/lottery\\d/"));
    buf_clear(&mail);
    put("\r\nlottery");
    put_times("y", distance);
    put("lottery");
    put_times("y", 3000);
    struct mime_view view = view_of_mail();
    struct watched watched = {0};
    const struct scan_rule_watch watch = {.enter = count_try, .context = &watched};
    const struct scan_rule_input input = {.view = &view};
    struct scan_hits found;
    scan_rules_run(rules, &input, NULL, &watch, arena, &found);
    scan_rules_free(rules);
    return watched.tries;
}

static void literals_near_each_other_share_a_window(void **state)
{
    (void)state;
    assert_int_equal(tries_at_distance(100), 1);
    assert_int_equal(tries_at_distance(3000), 1);
    assert_int_equal(tries_at_distance(4000), 2);
}

static void one_literal_again_and_again_gives_sixteen_windows(void **state)
{
    (void)state;
    struct scan_rules *rules = rules_of(BODY_RULE("/lottery9/"));
    put("\r\n");
    put_times("lottery ", 8000);
    struct mime_view view = view_of_mail();
    struct watched watched = {0};
    const struct scan_rule_watch watch = {.enter = count_try, .context = &watched};
    const struct scan_rule_input input = {.view = &view};
    struct scan_hits found;
    scan_rules_run(rules, &input, NULL, &watch, arena, &found);
    assert_int_equal(watched.tries, 0); /* the literal has the digit in it */
    scan_rules_free(rules);
    rules = rules_of(BODY_RULE("/lottery\\d/"));
    scan_rules_run(rules, &input, NULL, &watch, arena, &found);
    assert_int_equal(watched.tries, 16);
    assert_int_equal(found.count, 0);
    scan_rules_free(rules);
}

static void no_more_hits_than_there_is_room_for(void **state)
{
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < SCAN_HITS_MAX + 10; i++)
        buf_printf(&text, "rule r%d\n scope body\n match /alpha/\n about A\n", i);
    struct scan_rules *rules = rules_of(buf_text(&text));
    struct mime_view view = VIEW("\r\nalpha\r\n");
    struct scan_hits found = hits_in(rules, &view, (struct span){0});
    assert_int_equal(found.count, SCAN_HITS_MAX);
    scan_rules_free(rules);
    buf_free(&text);
}

static void a_folder_that_is_not_there_or_empty_is_an_error(void **state)
{
    (void)state;
    struct error error;
    assert_null(scan_rules_open("no/such/folder", &error));
    assert_non_null(strstr(error.text, "no/such/folder"));
    char folder[] = "/tmp/mailward-rules-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_null(scan_rules_open(folder, &error));
    assert_non_null(strstr(error.text, "no file that ends in .rules"));
    remove(folder);
}

static void a_file_is_read_and_its_first_mistake_told(void **state)
{
    (void)state;
    struct error error;
    char path[] = "/tmp/mailward-rules-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    fputs(BODY_RULE("/abc/"), file);
    fflush(file);
    struct scan_rules *rules = scan_rules_open(path, &error);
    assert_non_null(rules);
    assert_int_equal(scan_rules_count(rules), 1);
    struct scan_rule_info info;
    scan_rules_info(rules, 0, &info);
    assert_true(span_equal(info.name, SPAN("a")));
    assert_true(info.literal && !info.part && !info.meta);
    scan_rules_free(rules);
    fputs("rule B\n", file);
    fclose(file);
    assert_null(scan_rules_open(path, &error));
    assert_non_null(strstr(error.text, ":5:6: a name is"));
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(mistakes_are_named_with_their_place_and_what_would_be_right),
        VIEW_TEST(mistakes_in_when_are_named_too),
        VIEW_TEST(mistakes_about_graymail_are_named_too),
        VIEW_TEST(points_add_up_and_the_tags_say_which_category_it_is),
        VIEW_TEST(all_mistakes_of_a_file_are_told),
        VIEW_TEST(a_rule_sees_its_scope_and_nothing_else),
        VIEW_TEST(case_counts_unless_told_otherwise),
        VIEW_TEST(a_rule_without_a_literal_is_tried_all_the_same),
        VIEW_TEST(meta_rules_are_boolean_and_parts_alone_are_no_hits),
        VIEW_TEST(a_literal_is_found_wherever_it_is),
        VIEW_TEST(a_literal_that_leads_nowhere_hides_no_match_behind_it),
        VIEW_TEST(a_window_begins_and_ends_no_line),
        VIEW_TEST(a_rule_without_a_literal_sees_sixteen_kib),
        VIEW_TEST(the_budget_ends_the_pass_and_the_hits_so_far_count),
        VIEW_TEST(exponential_expressions_end_and_are_told),
        VIEW_TEST(huge_tokens_cost_windows_and_not_their_square),
        VIEW_TEST(literals_near_each_other_share_a_window),
        VIEW_TEST(one_literal_again_and_again_gives_sixteen_windows),
        VIEW_TEST(no_more_hits_than_there_is_room_for),
        VIEW_TEST(a_folder_that_is_not_there_or_empty_is_an_error),
        VIEW_TEST(a_file_is_read_and_its_first_mistake_told),
    };
    return cmocka_run_group_tests(tests, NULL, complaints_end);
}
