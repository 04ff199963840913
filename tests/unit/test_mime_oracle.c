/* Our view against GMime's parse of the same mail: random structures, encodings and character sets, also cut off
 * somewhere or changed.  White space is left out of the comparison; of changed mail all but letters and digits of ASCII,
 * because what stands for bytes that are no character is a matter of taste. */
#include "tests/unit/view_fixture.h"

#include <gmime/gmime.h>

enum { MAILS = 3000, DEEPEST = 5, CHANGES_MOST = 4 };

enum damage { WHOLE, CUT, CHANGED };

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % limit;
}

static const char *line_end;

static void put_line(const char *text)
{
    put(text);
    put(line_end);
}

/* The same words in several character sets. */
static const struct {
    const char *charset, *words, *encoded_words;
} texts[] = {
    {"us-ascii", "plain words, and a=b", "=?us-ascii?Q?a_few_words?="},
    {"utf-8", "Gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac", "=?utf-8?B?R3LDvMOf?= =?utf-8?q?_dich?="},
    {"iso-8859-15", "\xa4uro \xe9t\xe9", "=?iso-8859-15?Q?=A4uro?="},
    {"koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "=?koi8-r?B?8NLJ18XU?="},
    {"euc-jp", "\xc6\xfc\xcb\xdc\xb8\xec", "=?euc-jp?B?xvzL3LjsDQ==?="},
    {"gb18030", "\xd6\xd0\xce\xc4", "=?gb2312?B?1tDOxA==?="},
    {"iso-2022-jp", "\x1b$BF|K\\\x1b(B", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="},
};

static void put_base64(struct span text)
{
    char *encoded = g_base64_encode((const unsigned char *)text.p, text.n);
    for (size_t i = 0; i < strlen(encoded); i += 60) {
        buf_append_span(&mail, span_slice(span_text(encoded), i, 60));
        put(line_end);
    }
    g_free(encoded);
}

static void put_quoted_printable(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0x80 || c == '=' || c < ' ' || random_below(8) == 0)
            buf_printf(&mail, "=%02X", c);
        else
            buf_append_char(&mail, (char)c);
        if (i % 20 == 19) {
            put("=");
            put(line_end);
        }
    }
    put(line_end);
}

static void put_text_part(void)
{
    unsigned which = random_below(sizeof texts / sizeof *texts);
    struct buf text = {0};
    for (unsigned i = random_below(4); i > 0; i--)
        buf_printf(&text, "%s %u%s", texts[which].words, random_below(1000), random_below(2) ? "\r\n" : " ");
    buf_printf(&mail, "Content-Type: text/plain; charset=%s%s", texts[which].charset, line_end);
    switch (random_below(3)) {
    case 0:
        buf_printf(&mail, "Content-Transfer-Encoding: base64%s%s", line_end, line_end);
        put_base64(buf_span(&text));
        break;
    case 1:
        buf_printf(&mail, "Content-Transfer-Encoding: quoted-printable%s%s", line_end, line_end);
        put_quoted_printable(buf_span(&text));
        break;
    default:
        put_line("");
        buf_append_span(&mail, buf_span(&text));
        put_line("");
    }
    buf_free(&text);
}

static void put_entity(unsigned depth);

static void put_multipart(unsigned depth)
{
    unsigned id = random_below(1000000);
    buf_printf(&mail, "Content-Type: multipart/%s;%s boundary=\"=_%u x\"%s%s",
               random_below(2) ? "mixed" : "related", line_end, id, line_end, line_end);
    put_line(random_below(2) ? "a preamble" : "");
    for (unsigned parts = 1 + random_below(3); parts > 0; parts--) {
        buf_printf(&mail, "--=_%u x%s", id, line_end);
        put_entity(depth + 1);
    }
    if (random_below(6))
        buf_printf(&mail, "--=_%u x--%s", id, line_end);
}

static void put_entity(unsigned depth)
{
    unsigned kind = depth == DEEPEST ? 9 : random_below(10);
    if (kind < 4) {
        put_multipart(depth);
    } else if (kind == 4) {
        buf_printf(&mail, "Content-Type: message/rfc822%s%sSubject: inner%s", line_end, line_end, line_end);
        put_entity(depth + 1);
    } else {
        put_text_part();
    }
}

/* Returns whether the mail was cut off. */
static bool put_mail(void)
{
    buf_clear(&mail);
    line_end = random_below(2) ? "\r\n" : "\n";
    put("Subject: ");
    unsigned count = sizeof texts / sizeof *texts, which = random_below(count);
    for (unsigned words = random_below(4); words > 0; words--) {
        which = (which + 1 + random_below(count - 1)) %
                count; /* GMime loses the second of two alike with padding */
        put(texts[which].encoded_words);
        put(random_below(2) ? " and " : " ");
    }
    put_line("x");
    size_t header = mail.len;
    put_entity(0);
    if (random_below(3))
        return false;
    mail.len = header + random_below((unsigned)(mail.len - header));
    return true;
}

/* ---- changes ---- */

static struct span line_at(size_t at)
{
    while (at > 0 && mail.data[at - 1] != '\n')
        at--;
    struct span rest = span_slice(buf_span(&mail), at, mail.len);
    return span_slice(rest, 0, span_find(rest, '\n') + 1);
}

static size_t offset_of(struct span line)
{
    return (size_t)(line.p - mail.data);
}

static void replace(size_t at, size_t size, struct span by)
{
    struct buf changed = {0};
    buf_append_span(&changed, span_slice(buf_span(&mail), 0, at));
    buf_append_span(&changed, by);
    buf_append_span(&changed, span_slice(buf_span(&mail), at + size, mail.len));
    buf_free(&mail);
    mail = changed;
}

/* Where readers may differ: of two fields that say how the rest is read, of a header without an end, and of broken base64
 * (which GMime gives up, and shows up to the first NUL), each makes something else. */
static bool is_left_alone(struct span line)
{
    bool is_field = span_find(line, ':') < line.n || (line.n && strchr(" \t", line.p[0]));
    bool is_empty_or_base64 = span_find(line, ' ') == line.n;
    return is_field || is_empty_or_base64;
}

/* A multipart that lost its parts we show as text, and GMime not at all; so none is lost. */
static bool is_boundary(struct span line)
{
    return span_starts_nocase(line, SPAN("--"));
}

/* A text, into which anything may be put. */
static bool is_text(struct span line)
{
    return !is_left_alone(line) && !is_boundary(line) && !span_starts_nocase(line, SPAN("a preamble"));
}

/* Comes inside of another text, too; a boundary with an empty header. */
static void copy_line(struct span line)
{
    struct buf copy = {0};
    struct span there = line_at(random_below((unsigned)mail.len)), end = span_trim(line);
    bool closes = is_boundary(line) && span_equal(span_slice(end, end.n - 2, end.n), SPAN("--"));
    buf_append_span(&copy, line);
    if (is_boundary(line))
        buf_append_span(&copy, span_text(line_end));
    if (is_text(there) && !closes)
        replace(offset_of(there), 0, buf_span(&copy));
    buf_free(&copy);
}

static void change_line(struct span line)
{
    if (random_below(2))
        copy_line(line);
    else if (!is_boundary(line))
        replace(offset_of(line), line.n, SPAN(""));
}

/* Holds sequences that mean a character or another set of them: in pieces they are no character. */
static bool is_escaped(struct span line)
{
    return span_find(line, '=') < line.n || span_find(line, '\x1b') < line.n;
}

static void change_characters(size_t at)
{
    char byte = (char)(' ' + random_below(95));
    struct span line = line_at(at);
    size_t left = line.n - (at - offset_of(line)); /* with its end */
    if (is_boundary(line) || is_escaped(line) || left < 3)
        return;
    switch (random_below(3)) {
    case 0: /* another one */
        replace(at, 1, span_of(&byte, 1));
        break;
    case 1: /* one more */
        replace(at, 0, span_of(&byte, 1));
        break;
    default: /* some are lost */
        replace(at, 1 + random_below((unsigned)left - 2), SPAN(""));
    }
}

static void change_mail(void)
{
    for (unsigned changes = 1 + random_below(CHANGES_MOST); changes > 0 && mail.len > 1; changes--) {
        size_t at = random_below((unsigned)mail.len);
        if (is_left_alone(line_at(at)))
            continue;
        if (random_below(2))
            change_line(line_at(at));
        else
            change_characters(at);
    }
}

/* ---- comparison ---- */

static bool is_compared(char c, enum damage damage)
{
    if (damage == CHANGED)
        return g_ascii_isalnum(c);
    return !strchr(" \t\r\n", c) || c == '\0';
}

static void append_compared(struct buf *out, struct span text, enum damage damage)
{
    for (size_t i = 0; i < text.n; i++)
        if (is_compared(text.p[i], damage))
            buf_append_char(out, text.p[i]);
}

static void append_oracle_text(GMimeMessage *message, enum damage damage, struct buf *out)
{
    GMimePartIter *parts = g_mime_part_iter_new(GMIME_OBJECT(message));
    do {
        GMimeObject *part = g_mime_part_iter_get_current(parts);
        if (GMIME_IS_TEXT_PART(part)) {
            char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
            append_compared(out, span_text(text ? text : ""), damage);
            g_free(text);
        }
    } while (g_mime_part_iter_next(parts));
    g_mime_part_iter_free(parts);
}

static void compare_mail(unsigned number, enum damage damage)
{
    struct buf want = {0}, have = {0};
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail.data, mail.len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    assert_true(message || damage != WHOLE); /* GMime gives up where there is no body */
    if (message) {
        const char *subject = g_mime_message_get_subject(message);
        append_compared(&want, span_text(subject ? subject : ""), damage);
        append_oracle_text(message, damage, &want);
        g_object_unref(message);
    }

    struct mime_view view = view_of_mail();
    struct span decoded = mime_view_header(&view, "subject")->decoded;
    append_compared(&have, decoded, damage);
    append_compared(&have, view.text, damage);
    if (damage == CUT &&
        have.len > want.len) /* we show a multipart that lost its parts as text, GMime does not */
        have.len = want.len;
    if (!span_equal(buf_span(&have), buf_span(&want)))
        print_error("mail %u:\n%s\n", number, buf_text(&mail));
    assert_string_equal(buf_text(&have), buf_text(&want));
    g_object_unref(parser);
    g_object_unref(stream);
    buf_free(&have);
    buf_free(&want);
    arena_reset(arena);
}

static void random_mail_reads_as_gmime_reads_it(void **state)
{
    (void)state;
    random_state = 20260401;
    for (unsigned number = 0; number < MAILS; number++) {
        bool cut = put_mail();
        compare_mail(number, cut ? CUT : WHOLE);
    }
}

static void changed_mail_reads_as_gmime_reads_it(void **state)
{
    (void)state;
    random_state = 20261122;
    for (unsigned number = 0; number < MAILS; number++) {
        if (put_mail())
            continue;
        change_mail();
        compare_mail(number, CHANGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(random_mail_reads_as_gmime_reads_it),
        VIEW_TEST(changed_mail_reads_as_gmime_reads_it),
    };
    g_mime_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_mime_shutdown();
    return failed;
}
