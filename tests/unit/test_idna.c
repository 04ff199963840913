/* Domains in UTF-8 as DNS knows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/smtp/idna.h"

static struct smtp_mailbox mailbox(const char *text)
{
    struct smtp_mailbox m;
    assert_true(smtp_mailbox_parse_utf8(span_text(text), &m));
    return m;
}

static void domains_become_ascii_and_local_parts_stay(void **state)
{
    (void)state;
    static const struct {
        const char *address, *ascii;
        size_t domain;
    } rows[] = {
        {"J\xc3\xb6rg@B\xc3\x9c"
         "CHER.example",
         "J\xc3\xb6rg@xn--bcher-kva.example", 21},
        {"anna@stra\xc3\x9f"
         "e.example",
         "anna@xn--strae-oqa.example", 21},
        {"a@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "a@xn--r8jz45g.xn--zckzah", 22},
        {"J\xc3\xb6rg@Plain.example", "J\xc3\xb6rg@Plain.example", 13},
        {"a@[192.0.2.1]", "a@[192.0.2.1]", 11},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SMTP_MAILBOX_MAX];
        struct smtp_mailbox m = mailbox(rows[i].address), again;
        assert_true(idna_mailbox(&m, text));
        if (!span_equal(m.text, span_text(rows[i].ascii)) || m.domain.n != rows[i].domain)
            fail_msg("%s became %.*s", rows[i].address, (int)m.text.n, m.text.p);
        assert_true(smtp_mailbox_parse_utf8(m.text, &again));
        assert_true(span_equal(again.local, m.local) && span_equal(again.domain, m.domain));
    }
}

static void what_idna_does_not_know_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "a@\xe2\x86\x92.example",                                      /* an arrow */
        "a@b\xc3\xbc--\xcc\x88x.example.\xf0\x9f\x92\xa9\xe2\x80\x8d", /* joiner at an end */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SMTP_MAILBOX_MAX];
        struct smtp_mailbox m = mailbox(rows[i]);
        if (idna_mailbox(&m, text))
            fail_msg("%s became %.*s", rows[i], (int)m.text.n, m.text.p);
    }
}

static void an_address_that_becomes_too_long_is_refused(void **state)
{
    (void)state;
    char address[SMTP_MAILBOX_MAX], text[SMTP_MAILBOX_MAX];
    memset(address, 'l', sizeof address);
    struct span domain = SPAN("@\xc3\xbc.example");
    memcpy(address + sizeof address - domain.n, domain.p, domain.n);
    struct smtp_mailbox m;
    assert_true(smtp_mailbox_parse_utf8(span_of(address, sizeof address), &m));
    assert_false(idna_mailbox(&m, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_become_ascii_and_local_parts_stay),
        cmocka_unit_test(what_idna_does_not_know_is_refused),
        cmocka_unit_test(an_address_that_becomes_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
