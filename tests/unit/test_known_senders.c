/* Lists of known senders: where in a message they are found, and what is wrong with a list. */
#include "tests/unit/complaints_fixture.h"
#include "tests/unit/view_fixture.h"

#include "engine/scan/known_senders.h"
#include "engine/scan/rules.h"

static struct known_senders *known_of(const char *text)
{
    struct scan_rule_complaints c = complaints_begin();
    struct known_senders *list = NULL;
    known_senders_read(&list, "test.senders", span_text(text), &c);
    known_senders_sort(list);
    return list;
}

static void known_senders_are_found_where_they_stand(void **state)
{
    (void)state;
    struct known_senders *list =
        known_of("# comment\nservice domain mailer.example The Mailer\n"
                 "social\tdomain net.example\tNet\r\nservice header X-Mailer-Id Third");
    static const struct {
        const char *message, *sender, *where, *name;
    } cases[] = {
        {"From: a@net.example\r\n\r\n", "", "from", "Net"},
        {"From: \"A\" <a@Deep.Below.NET.example>\r\n\r\n", "", "from", "Net"},
        {"From: a@anet.example\r\n\r\n", "", NULL, NULL},
        {"From: a@net.example.org\r\n\r\n", "", NULL, NULL},
        {"\r\n", "bounce@x.mailer.example", "envelope", "The Mailer"},
        {"DKIM-Signature: v=1; d=mailer.example; s=net.example\r\n\r\n", "", "signature", "The Mailer"},
        {"DKIM-Signature: v=1; a=rsa; b=mailer.example\r\n\r\n", "", NULL, NULL},
        {"List-Unsubscribe: <https://u.mailer.example/1>\r\n\r\n", "", "list", "The Mailer"},
        {"x-mailer-ID: 1\r\n\r\n", "", "header", "Third"},
        {"\r\nhttp://t.mailer.example/x\r\n", "", "link", "The Mailer"},
        {"\r\nhttp://a.example/net.example\r\n", "", NULL, NULL},
        {"\r\nsays net.example\r\n", "", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct known_sender found[KNOWN_SENDERS_FOUND_MAX];
        struct mime_view view = view_of(span_text(cases[i].message));
        size_t count = known_senders_find(list, &view, span_text(cases[i].sender), found);
        assert_int_equal(count, cases[i].where != NULL);
        if (count) {
            assert_string_equal(found[0].where, cases[i].where);
            assert_true(span_equal(found[0].name, span_text(cases[i].name)));
        }
    }
    known_senders_free(list);
}

static void mistakes_in_lists_of_known_senders_are_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"friend domain a.example A", "social dom a.example A",
                                        "social domain example A", "social domain a.example", "social"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        known_senders_free(known_of(wrong[i]));
        assert_true(strstr(buf_text(&complaints), "test.senders:1:1: a row is: ") != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(known_senders_are_found_where_they_stand),
        VIEW_TEST(mistakes_in_lists_of_known_senders_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, complaints_end);
}
