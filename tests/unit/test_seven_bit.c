/* Messages made 7-bit for next hops without 8BITMIME. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/relay/seven_bit.h"

/* The converted message, sent in pieces of that size. */
static char *converted(struct span message, size_t piece)
{
    struct arena *arena = arena_new();
    struct seven_bit_plan plan;
    struct buf out = {0};
    const char *wrong = seven_bit_plan(message, arena, &plan);
    if (wrong)
        fail_msg("refused: %s", wrong);
    struct seven_bit_reader r = {.message = message, .plan = &plan};
    while (seven_bit_next(&r, piece, &out))
        ;
    assert_false(span_has_8bit(buf_span(&out)));
    arena_free(arena);
    buf_text(&out);
    return out.data;
}

static void expect(struct span message, const char *wanted)
{
    for (size_t piece = 1; piece < message.n + 2; piece++) {
        char *got = converted(message, piece);
        assert_string_equal(got, wanted);
        free(got);
    }
}

static void expect_refused(struct span message, const char *why)
{
    struct arena *arena = arena_new();
    struct seven_bit_plan plan;
    const char *wrong = seven_bit_plan(message, arena, &plan);
    assert_non_null(wrong);
    if (!strstr(wrong, why))
        fail_msg("refused: %s", wrong);
    arena_free(arena);
}

static void text_becomes_quoted_printable(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: 8bit\r\nSubject: x\r\n\r\n"
                "Gr\xc3\xbc\xc3\x9f"
                "e = 1 \r\n\ttab\t\r\n.\r\n\r\nend"),
           "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Content-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\n"
           "Gr=C3=BC=C3=9Fe =3D 1=20\r\n\ttab=09\r\n.\r\n\r\nend");
}

static void lines_of_quoted_printable_are_broken_at_76(void **state)
{
    (void)state;
    char message[400] = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";
    size_t header = strlen(message);
    memset(message + header, 'a', 200);
    message[header + 74] = '\xe4';
    char *got = converted(span_of(message, header + 200), 1000);
    const char *body = strstr(got, "\r\n\r\n") + 4;
    size_t decoded = 0;
    for (const char *line = body, *end; *line; line = *end ? end + 2 : end) {
        end = strstr(line, "\r\n");
        end = end ? end : line + strlen(line);
        assert_true(end - line <= 76);
        for (const char *c = line; c < end; c++)
            decoded += *c == 'a';
        if (*end)
            assert_int_equal(end[-1], '=');
    }
    assert_int_equal(decoded, 199);
    free(got);
}

static void other_things_become_base64(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\ncontent-type: application/x\r\nContent-Transfer-Encoding:\r\n "
                "binary\r\n\r\n"
                "\xff\0\r\n"),
           "MIME-Version: 1.0\r\ncontent-type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           "/wANCg==\r\n");
}

static void only_the_parts_that_need_it_are_encoded(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
                "boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                "preamble\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain\r\n"
                "--b\r\n\r\n\xc3\xbc\r\n--bx\r\n"
                "--b \r\nContent-Type: image/x\r\nContent-Transfer-Encoding: "
                "base64\r\n\r\nAAAA\r\n--b--\r\nepilogue\r\n"),
           "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
           "7bit\r\n\r\n"
           "preamble\r\n--b\r\nContent-Transfer-Encoding: 7bit\r\n\r\nplain\r\n"
           "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n--bx\r\n"
           "--b \r\nContent-Type: image/x\r\nContent-Transfer-Encoding: "
           "base64\r\n\r\nAAAA\r\n--b--\r\nepilogue\r\n");
}

static void a_multipart_said_to_be_binary_is_7bit_afterwards(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
                "Content-Transfer-Encoding: BINARY\r\n\r\n--b\r\n\r\n\xfc\r\n--b--\r\n"),
           "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
           "Content-Transfer-Encoding: 7bit\r\n\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
           "=FC\r\n--b--\r\n");
}

/* Within a line, or with more behind it, a boundary is text. */
static void only_whole_lines_delimit_parts(void **state)
{
    (void)state;
#define HEAD "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    expect_refused(SPAN(HEAD "x\r\n--b-- \r\n\xfc--b\r\n\r\n"), "before or behind");
    expect(
        SPAN(HEAD "---b\r\nx--b\r\n--b --\r\n--b-\r\n\xfc\r\n--b--"),
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n---b\r\nx--b\r\n--b --\r\n--b-\r\n=FC\r\n--b--");
}

static void messages_inside_are_walked_into(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
                "Subject: inner\r\n\r\n\xc3\xbc\r\n--b--\r\n"),
           "MIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
           "Subject: inner\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
           "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n--b--\r\n");
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                "Content-Type: text/html\r\nMIME-Version: 1.0\r\n\r\n\xc3\xbc"),
           "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
           "Content-Type: text/html\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: "
           "quoted-printable\r\n\r\n=C3=BC");
}

static void mail_that_is_no_mime_becomes_text_of_an_unknown_charset(void **state)
{
    (void)state;
    expect(SPAN("Subject: x\r\n\r\n\xfc\r\n"),
           "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
           "Content-Transfer-Encoding: quoted-printable\r\n\r\n=FC\r\n");
}

static void utf8_mail_inside_is_encoded_as_a_whole(void **state)
{
    (void)state;
    expect(SPAN("MIME-Version: 1.0\r\nContent-Type: message/global\r\n\r\nSubject: \xc3\xbc\r\n\r\n"),
           "MIME-Version: 1.0\r\nContent-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"
           "U3ViamVjdDogw7wNCg0K\r\n");
}

static void what_cannot_be_converted_says_why(void **state)
{
    (void)state;
#define MIME "MIME-Version: 1.0\r\n"
    expect_refused(SPAN("Subject: \xfc\r\n\r\n"), "header field");
    expect_refused(
        SPAN(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \xfc\r\n\r\n--b--\r\n"),
        "header field");
    expect_refused(
        SPAN(MIME "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xfc\r\n--b--\r\n"),
        "signed");
    expect_refused(SPAN(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n\xfc\r\n--b\r\n\r\n--b--\r\n"),
                   "before or behind");
    expect_refused(SPAN(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n\xfc\r\n"),
                   "before or behind");
    expect_refused(SPAN(MIME "Content-Type: multipart/mixed\r\n\r\n\xfc\r\n"), "before or behind");
    expect_refused(SPAN(MIME
                        "Content-Type: multipart/mixed; boundary*=''b%0D%0Ac\r\n\r\n--b\r\nc\r\n\r\n\xfc\r\n"
                        "--b\r\nc\r\n"),
                   "before or behind");
    expect_refused(SPAN(MIME "Content-Transfer-Encoding: base64\r\n\r\n\xfc\r\n"), "says that it is encoded");
    expect_refused(SPAN(MIME "Content-Transfer-Encoding: x-own\r\n\r\n\xfc\r\n"), "says that it is encoded");
    expect_refused(SPAN(MIME "Content-Type: message/partial\r\n\r\n\xfc\r\n"), "may not be encoded");
    expect_refused(
        SPAN(MIME "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n\xfc\r\n"),
        "may not be encoded");
    struct buf deep = {0};
    for (int i = 0; i < 30; i++)
        buf_append_span(&deep, SPAN("Content-Type: message/rfc822\r\n\r\n"));
    buf_append_span(&deep, SPAN("\r\n\xfc"));
    expect_refused(buf_span(&deep), "too deeply");
    buf_free(&deep);
}

/* A signature must survive, and labels of what is 7-bit inside it with it. */
static void signed_7bit_parts_stay_as_they_are(void **state)
{
    (void)state;
#define SIGNED                                                                                               \
    "--b\r\nContent-Type: multipart/signed; boundary=c\r\n\r\n--c\r\n"                                       \
    "Content-Transfer-Encoding: 8bit\r\n\r\nx\r\n--c--\r\n"
    expect(
        SPAN(MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n" SIGNED "--b\r\n\r\n\xfc\r\n--b--\r\n"),
        MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n" SIGNED
             "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=FC\r\n--b--\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_quoted_printable),
        cmocka_unit_test(lines_of_quoted_printable_are_broken_at_76),
        cmocka_unit_test(other_things_become_base64),
        cmocka_unit_test(only_the_parts_that_need_it_are_encoded),
        cmocka_unit_test(a_multipart_said_to_be_binary_is_7bit_afterwards),
        cmocka_unit_test(only_whole_lines_delimit_parts),
        cmocka_unit_test(messages_inside_are_walked_into),
        cmocka_unit_test(mail_that_is_no_mime_becomes_text_of_an_unknown_charset),
        cmocka_unit_test(utf8_mail_inside_is_encoded_as_a_whole),
        cmocka_unit_test(what_cannot_be_converted_says_why),
        cmocka_unit_test(signed_7bit_parts_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
