/* Registered domains, and the scope of rules that tells them. */
#include "tests/unit/view_fixture.h"

#include "engine/scan/domain.h"
#include "engine/scan/rules.h"

static void a_registered_domain_is_one_label_more_than_its_suffix(void **state)
{
    (void)state;
    static const struct {
        const char *host, *registered;
    } cases[] = {
        {"www.shop.co.uk", "shop.co.uk"},
        {"WWW.Mail.EXAMPLE.com.", "example.com"},
        {"example.com", "example.com"},
        {"a.b.unheard-of", "b.unheard-of"},
        {"www.b\xc3\xbc"
         "cher.de",
         "xn--bcher-kva.de"},
        {"co.uk", ""},
        {"localhost", ""},
        {"192.0.2.1", ""},
        {"[2001:db8::1]", ""},
        {"two words.example", ""},
        {"", ""},
        {"p%61yments.ex%41mple", "payments.example"},
        {"pay%2Fments.example", ""},
        {"payments.example%", ""},
        {"payments.example%00.evil.example", ""},
        {"www.payments\xe3\x80\x82"
         "example",
         "payments.example"}, /* an ideographic full stop */
        {"payments.example\xe3\x80\x82", "payments.example"},
        {"\xef\xbd\x90"
         "ayments.example",
         "payments.example"}, /* a wide p */
        {"0x7f.0x0.0.1", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scan_host room;
        struct span found = scan_registered_domain(span_text(cases[i].host), &room);
        assert_true(span_equal(found, span_text(cases[i].registered)));
    }
    struct scan_host room;
    char long_name[2 * SCAN_DOMAIN_BYTES];
    memset(long_name, 'a', sizeof long_name);
    long_name[1] = '.';
    assert_int_equal(scan_registered_domain(span_of(long_name, sizeof long_name), &room).n, 0);
}

static void an_address_and_a_name_that_nobody_registered_are_two_things(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum scan_host_kind kind;
    } cases[] = {
        {"192.0.2.1", SCAN_HOST_ADDRESS},
        {"2130706433", SCAN_HOST_ADDRESS},
        {"0x7f.0x0.0.1", SCAN_HOST_ADDRESS},
        {"0x7F000001", SCAN_HOST_ADDRESS},
        {"0177.0.0.01", SCAN_HOST_ADDRESS},
        {"127.0.0.%31", SCAN_HOST_ADDRESS},
        {"\xef\xbc\x91.1.1.1", SCAN_HOST_ADDRESS}, /* a wide 1 */
        {"[2001", SCAN_HOST_ADDRESS},              /* a URL's host ends at its first colon */
        {"localhost", SCAN_HOST_UNREGISTERED},
        {"co.uk", SCAN_HOST_UNREGISTERED},
        {"face.0xface.example", SCAN_HOST_REGISTERED},
        {"1.example", SCAN_HOST_REGISTERED},
        {"", SCAN_HOST_NONE},
        {"...", SCAN_HOST_NONE},
        {"two words", SCAN_HOST_NONE},
        {"\xff.example", SCAN_HOST_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scan_host read;
        assert_int_equal(scan_host_read(span_text(cases[i].host), &read), cases[i].kind);
        assert_int_equal(read.domain.n > 0, cases[i].kind == SCAN_HOST_REGISTERED);
    }
}

static void a_name_of_two_scripts_or_of_look_alikes_misleads(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool misleads;
    } cases[] = {
        {"p\xd0\xb0yments.example", true},           /* a Cyrillic a among Latin letters */
        {"\xd0\xb5\xd1\x85\xd0\xb0.example", true},  /* all of them look Latin */
        {"\xd0\xb4\xd0\xbe\xd0\xbc.example", false}, /* plain Cyrillic */
        {"b\xc3\xbc"
         "cher.example",
         false},
        {"bank.example", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scan_host room;
        struct span domain = scan_registered_domain(span_text(cases[i].host), &room);
        assert_true(domain.n > 0);
        assert_int_equal(scan_domain_misleads(domain), cases[i].misleads);
    }
}

/* Does a rule with this expression over the domains hit the message? */
static bool hits(const char *expression, const char *message)
{
    struct buf text = {0};
    struct scan_rule_complaints complaints = {0};
    buf_printf(&text, "rule a\n scope domains\n match %s\n about A test\n", expression);
    struct scan_rules *rules = scan_rules_parse("test.rules", buf_span(&text), &complaints);
    assert_non_null(rules);
    struct mime_view view = view_of(span_text(message));
    const struct scan_rule_input input = {.view = &view, .raw = span_text(message)};
    struct scan_hits found;
    scan_rules_run(rules, &input, NULL, NULL, arena, &found);
    scan_rules_free(rules);
    buf_free(&text);
    return found.count == 1;
}

static void rules_see_registered_domains(void **state)
{
    (void)state;
    const char *m = "From: Shop <news@mail.shop.co.uk>\r\nReply-To: <a@reply.shop.co.uk>\r\n"
                    "Return-Path: <b@bounces.example>\r\nMessage-ID: <1@x.y.ids.example>\r\n"
                    "Content-Type: text/html; charset=utf-8\r\n\r\n<a href=\"http://login.evil.example/\">"
                    "http://www.shop.co.uk/</a> <a href=\"http://192.0.2.1/\">x</a>"
                    "<a href=\"http://www.s\xd0\xbe"
                    "p.example/\">y</a>\r\n";
    assert_true(hits("/^from shop\\.co\\.uk same$/", m));
    assert_true(hits("/^reply shop\\.co\\.uk same$/", m));
    assert_true(hits("/^return bounces\\.example other$/", m));
    assert_true(hits("/^id ids\\.example other$/", m));
    assert_true(hits("/^link evil\\.example other$/", m));
    assert_true(hits("/^shown shop\\.co\\.uk same$/", m));
    assert_true(hits("/^link xn--sp-[a-z0-9]+\\.example other misleading$/", m));
    assert_false(hits("/192/", m));
    assert_false(hits("/^id \\S+ other/", "From: a@a.example\r\nMessage-ID: <1@b.a.example>\r\n\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registered_domain_is_one_label_more_than_its_suffix),
        cmocka_unit_test(an_address_and_a_name_that_nobody_registered_are_two_things),
        cmocka_unit_test(a_name_of_two_scripts_or_of_look_alikes_misleads),
        VIEW_TEST(rules_see_registered_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
