/* Features, the model file and the score. */
#define _GNU_SOURCE /* mkstemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/scan/hash.h"
#include "engine/scan/model.h"
#include "engine/scan/score.h"

static const char letter[] = "From: Ann Example <ann@friends.example>\r\n"
                             "To: bob@gateway.example\r\n"
                             "Subject: Lunch on Friday\r\n"
                             "Date: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
                             "Message-ID: <1@friends.example>\r\n"
                             "\r\n"
                             "Shall we meet at 12? See http://cafe.example/menu\r\n";

/* The first trace bytes of text are the gateway's own Received. */
static void extract_after(const char *text, size_t trace, struct arena *arena, struct scan_features *features)
{
    struct mime_view view;
    struct span message = span_text(text);
    mime_view_build(message, trace, &mime_default_limits, NULL, arena, &view);
    const struct scan_feature_input input = {.view = &view,
                                             .body = span_slice(message, view.body_offset, message.n),
                                             .own_trace = span_slice(message, 0, trace)};
    scan_features_extract(&input, arena, features);
}

static void extract(const char *text, struct arena *arena, struct scan_features *features)
{
    extract_after(text, 0, arena, features);
}

static uint32_t count_of(const struct scan_features *features, enum scan_family family)
{
    return features->start[family + 1] - features->start[family];
}

static bool same_family(const struct scan_features *a, const struct scan_features *b, enum scan_family family)
{
    return count_of(a, family) == count_of(b, family) &&
           memcmp(a->ids + a->start[family], b->ids + b->start[family],
                  count_of(a, family) * sizeof *a->ids) == 0;
}

static bool same_features(const struct scan_features *a, const struct scan_features *b)
{
    uint32_t count = a->start[SCAN_FAMILIES];
    return memcmp(a->start, b->start, sizeof a->start) == 0 && a->facts == b->facts &&
           memcmp(a->ids, b->ids, count * sizeof *a->ids) == 0;
}

static bool has_fact(const struct scan_features *features, const char *name)
{
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        if (strcmp(scan_fact_name(i), name) == 0)
            return features->facts >> i & 1;
    fail_msg("no fact is named %s", name);
    return false;
}

/* A model whose weights all are weight, with a prior of 0.5. */
static struct buf model_file(unsigned bits, int8_t weight, double slope, double offset)
{
    struct buf file = {0};
    int8_t *weights = malloc((size_t)1 << bits);
    memset(weights, weight, (size_t)1 << bits);
    scan_model_put(&file, &(struct scan_model_parameters){.table_bits = bits,
                                                          .weights = weights,
                                                          .weight_unit = 0.01,
                                                          .prior = 0.5,
                                                          .slope = slope,
                                                          .offset = offset,
                                                          .description = SPAN("for a test")});
    free(weights);
    return file;
}

static void the_hash_is_the_same_on_every_machine(void **state)
{
    (void)state;
    assert_true(scan_hash_mix(1) == UINT64_C(0xd8685893e3d7d0e9));
    assert_true(scan_hash_bytes(7, SPAN("a feature of mail")) == UINT64_C(0xcf4133f4c2e6d13d));
    assert_true(scan_hash_bytes(7, SPAN("\xff")) != scan_hash_bytes(7, SPAN("\xff\0")));
}

static void the_same_message_has_the_same_features(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features a, b;
    extract(letter, arena, &a);
    extract(letter, arena, &b);
    assert_true(a.start[SCAN_FAMILIES] > 100);
    assert_true(same_features(&a, &b));
    arena_free(arena);
}

static void no_feature_appears_twice(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features f;
    extract(letter, arena, &f);
    for (uint32_t i = 0; i < f.start[SCAN_FAMILIES]; i++) {
        assert_true(f.ids[i] < 1u << SCAN_FEATURE_BITS);
        for (uint32_t k = 0; k < i; k++)
            assert_true(f.ids[i] != f.ids[k]);
    }
    arena_free(arena);
}

static void headers_of_the_receiving_side_change_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features plain, received;
    extract(letter, arena, &plain);
    struct buf text = {0};
    buf_printf(&text,
               "Return-Path: <ann@friends.example>\r\nDelivered-To: carol@elsewhere.example\r\n"
               "Authentication-Results: mx.elsewhere.example; spf=pass\r\nX-Spam-Status: No\r\n"
               "Received: from a.example by mx.elsewhere.example; Fri, 20 Nov 2026 12:00:01 +0000\r\n%s",
               letter);
    extract(buf_text(&text), arena, &received);
    for (unsigned family = 0; family < SCAN_SIZES; family++) /* which count headers, too */
        assert_true(same_family(&plain, &received, family));
    buf_free(&text);
    arena_free(arena);
}

static void an_earlier_hop_is_known_by_whom_it_had_the_mail_from(void **state)
{
    (void)state;
    static const char top[] = "Received: from a.example by mx.example; Fri, 20 Nov 2026 12:00:01 +0000\r\n";
    static const char sender[] = "Received: from [192.0.2.1] (helo=pc) by one.example with esmtpa; now\r\n";
    static const char elsewhere[] =
        "Received: from [192.0.2.1] (helo=pc) by two.example with esmtpa; then\r\n";
    struct arena *arena = arena_new();
    struct scan_features plain, with_top, hop, other, ours;
    struct buf text = {0};
    extract(letter, arena, &plain);
    buf_printf(&text, "%s%s", top, letter);
    extract(buf_text(&text), arena, &with_top);
    assert_int_equal(count_of(&with_top, SCAN_RECEIVED), 0); /* what the receiving server wrote */
    buf_clear(&text);
    buf_printf(&text, "%s%s%s", top, sender, letter);
    extract(buf_text(&text), arena, &hop);
    assert_true(count_of(&hop, SCAN_RECEIVED) > 10);
    assert_int_equal(count_of(&hop, SCAN_HOPS), 4); /* helo= and from [, of any hop and of the first */
    extract_after(buf_text(&text), strlen(top), arena, &ours);
    assert_true(same_family(&ours, &hop, SCAN_RECEIVED));
    assert_true(same_family(&ours, &hop, SCAN_HOPS));
    buf_clear(&text);
    buf_printf(&text, "%s%s%s", top, elsewhere, letter);
    extract(buf_text(&text), arena, &other);
    assert_true(same_family(&other, &hop, SCAN_RECEIVED)); /* who wrote the line does not matter */
    buf_free(&text);
    arena_free(arena);
}

static void the_order_and_writing_of_header_names_tell_the_program(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features a, b, c;
    extract("From: x@a.example\r\nSubject: s\r\n\r\nHello\r\n", arena, &a);
    extract("Subject: s\r\nFrom: x@a.example\r\n\r\nHello\r\n", arena, &b);
    extract("FROM: x@a.example\r\nSubject: s\r\n\r\nHello\r\n", arena, &c);
    assert_false(same_family(&a, &b, SCAN_HEADER_ORDER));
    assert_false(same_family(&a, &c, SCAN_HEADER_ORDER));
    assert_true(same_family(&a, &b, SCAN_FROM));
    arena_free(arena);
}

static void ids_of_one_pattern_have_the_same_shape(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features a, b, c;
    extract("Message-ID: <20261120.AB12@host.example>\r\n\r\nHello\r\n", arena, &a);
    extract("Message-ID: <19980705.XY98@mail.another>\r\n\r\nHello\r\n", arena, &b);
    extract("Message-ID: <ab$20261120$host.example>\r\n\r\nHello\r\n", arena, &c);
    assert_true(same_family(&a, &b, SCAN_SHAPES));
    assert_false(same_family(&a, &c, SCAN_SHAPES));
    arena_free(arena);
}

static void tags_and_headers_of_parts_are_read_from_the_body(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features plain, html;
    extract(letter, arena, &plain);
    assert_int_equal(count_of(&plain, SCAN_TAGS), 0);
    assert_int_equal(count_of(&plain, SCAN_PART_HEADERS), 0);
    extract("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
            "<p>1 < 2<font color=3Dred size='2'>x</font><b\r\n--b--\r\n",
            arena, &html);
    /* p, font and b; two pairs; color, size and their values */
    assert_int_equal(count_of(&html, SCAN_TAGS), 3 + 2 + 4);
    assert_true(count_of(&html, SCAN_PART_HEADERS) > 10);
    arena_free(arena);
}

static void recipient_sender_and_links_are_related(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features strange, own, id;
    extract("From: x@mail.shop.example\r\nTo: bob@a.example\r\n\r\nSee http://evil.example/\r\n", arena,
            &strange);
    extract("From: x@mail.shop.example\r\nTo: bob@a.example\r\n\r\nSee http://www.shop.example/\r\n", arena,
            &own);
    extract("From: x@mail.shop.example\r\nTo: bob@a.example\r\nMessage-ID: <1@shop.example>\r\n\r\n"
            "See http://www.shop.example/\r\n",
            arena, &id);
    assert_false(same_family(&strange, &own, SCAN_RELATIONS));
    assert_false(same_family(&own, &id, SCAN_RELATIONS));
    extract("From: x@a.example\r\nTo: bob@a.example\r\n\r\nHello\r\n", arena, &strange);
    extract("From: x@a.example\r\nTo: bob@a.example\r\n\r\nHello Bob\r\n", arena, &own);
    assert_int_equal(count_of(&own, SCAN_RELATIONS), count_of(&strange, SCAN_RELATIONS) + 1);
    arena_free(arena);
}

static void a_family_that_a_model_leaves_out_counts_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features f;
    double with[SCAN_FAMILIES], without[SCAN_FAMILIES];
    extract(letter, arena, &f);
    scan_feature_values(&f, 0, with);
    scan_feature_values(&f, 1u << SCAN_TEXT, without);
    assert_true(with[SCAN_TEXT] > 0);
    assert_true(without[SCAN_TEXT] == 0);
    assert_true(without[SCAN_FROM] > with[SCAN_FROM]);
    arena_free(arena);
}

static void digits_and_case_do_not_matter_in_text(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features a, b;
    extract("Subject: Offer 17\r\n\r\nCall 555 now\r\n", arena, &a);
    extract("Subject: OFFER 93\r\n\r\nCALL 123 NOW\r\n", arena, &b);
    assert_true(same_family(&a, &b, SCAN_SUBJECT));
    assert_true(same_family(&a, &b, SCAN_TEXT));
    assert_true(same_family(&a, &b, SCAN_TEXT_END));
    arena_free(arena);
}

static void bytes_outside_ascii_are_no_features(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features a, b;
    extract("Content-Type: text/plain; charset=utf-8\r\n\r\none \xc3\xa4\xc3\xb6 two\r\n", arena, &a);
    extract("Content-Type: text/plain; charset=utf-8\r\n\r\none \xd0\x96\xd0\x96 two\r\n", arena, &b);
    assert_true(same_features(&a, &b)); /* but for how much there is of it, which is the same here */
    arena_free(arena);
}

static void facts_tell_the_structure(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features f;
    extract(letter, arena, &f);
    assert_true(has_fact(&f, "link"));
    assert_false(has_fact(&f, "html only"));
    assert_false(has_fact(&f, "no date"));
    extract("From: x@a.example\r\nReply-To: <y@b.example>\r\nSubject: WIN A MILLION NOW\r\n"
            "Content-Type: text/html\r\n\r\n<form action=\"http://c.example/\"><p>Hello</p></form>\r\n",
            arena, &f);
    assert_true(has_fact(&f, "html only"));
    assert_true(has_fact(&f, "form"));
    assert_true(has_fact(&f, "no date"));
    assert_true(has_fact(&f, "no message-id"));
    assert_true(has_fact(&f, "no recipient named"));
    assert_true(has_fact(&f, "reply goes elsewhere"));
    assert_true(has_fact(&f, "subject in capitals"));
    extract("To: x@a.example\r\nMessage-ID: <1@a.example>\r\n\r\nHello\r\n", arena, &f);
    assert_true(has_fact(&f, "no date"));
    assert_true(has_fact(&f, "no subject"));
    assert_false(has_fact(&f, "no message-id"));
    assert_false(has_fact(&f, "no recipient named"));
    arena_free(arena);
}

static void facts_and_features_of_structure_go_together(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct mime_view view = {.text = SPAN("x")};
    struct scan_features f;
    /* Whatever set of facts holds, each has a feature of its own: none is lost to a collision. */
    for (view.forms = 0; view.forms < 2; view.forms++)
        for (view.scripts = 0; view.scripts < 2; view.scripts++) {
            scan_features_extract(&(struct scan_feature_input){.view = &view}, arena, &f);
            assert_int_equal(f.start[SCAN_FACTS + 1] - f.start[SCAN_FACTS], __builtin_popcountll(f.facts));
        }
    arena_free(arena);
}

static void an_endless_message_has_a_bounded_number_of_features(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buf text = {0};
    buf_printf(&text, "Subject: long\r\n");
    for (unsigned i = 0; i < 5000; i++)
        buf_printf(&text, "X-H%c%c%c: value\r\n", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
    buf_printf(&text, "\r\n");
    for (unsigned i = 0; i < 100000; i++)
        buf_printf(&text, "w%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
    struct scan_features f;
    extract(buf_text(&text), arena, &f);
    /* A gram for each byte of 8 KiB of text, and for each two bytes at most a word and a pair. */
    assert_in_range(f.start[SCAN_TEXT + 1] - f.start[SCAN_TEXT], 1000, 2 * 8192);
    assert_in_range(f.start[SCAN_HEADERS + 1] - f.start[SCAN_HEADERS], 100, 2 * 4096);
    assert_true(arena_used(arena) < 4 * 1024 * 1024);
    buf_free(&text);
    arena_free(arena);
}

static void families_that_nobody_wants_change_nothing_of_the_others(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct mime_view view;
    struct scan_features all, some;
    const uint32_t last = 1u << SCAN_SHAPES | 1u << SCAN_RECEIVED | 1u << SCAN_HOPS;
    mime_view_build(span_text(letter), 0, &mime_default_limits, NULL, arena, &view);
    scan_features_extract(&(struct scan_feature_input){.view = &view}, arena, &all);
    scan_features_extract(&(struct scan_feature_input){.view = &view, .left_out = last}, arena, &some);
    assert_true(count_of(&all, SCAN_SHAPES) > 0);
    for (unsigned family = 0; family < SCAN_FAMILIES; family++)
        if (last >> family & 1)
            assert_int_equal(count_of(&some, family), 0);
        else
            assert_true(same_family(&all, &some, family));
    arena_free(arena);
}

/* Are the relations within two messages the same? */
static bool relates_alike(const char *one, const char *other)
{
    struct arena *arena = arena_new();
    struct scan_features a, b;
    extract(one, arena, &a);
    extract(other, arena, &b);
    bool same = same_family(&a, &b, SCAN_RELATIONS);
    arena_free(arena);
    return same;
}

static void relations_are_between_registered_domains(void **state)
{
    (void)state;
    const char *own = "From: a@news.shop.co.uk\r\n\r\nhttp://www.shop.co.uk/\r\n";
    assert_true(relates_alike(own, "From: a@shop.co.uk\r\n\r\nhttp://img.shop.co.uk/\r\n"));
    assert_false(relates_alike(own, "From: a@news.shop.co.uk\r\n\r\nhttp://www.other.co.uk/\r\n"));
    assert_false(relates_alike(own, "From: a@news.shop.co.uk\r\n\r\nhttp://shop.co.uk.other.example/\r\n"));
    assert_false(relates_alike(own, "From: a@news.shop.co.uk\r\n\r\nhttp://192.0.2.1/\r\n"));
    const char *address = "From: a@shop.co.uk\r\n\r\nhttp://192.0.2.1/\r\n";
    assert_true(relates_alike(address, "From: a@shop.co.uk\r\n\r\nhttp://3221225985/\r\n"));
    assert_false(relates_alike(address, "From: a@shop.co.uk\r\n\r\nhttp://localhost/\r\n"));
    const char *within = "From: a@shop.co.uk\r\n\r\nhttp://www.shop.co.uk.other.example/\r\n";
    assert_true(relates_alike(within, "From: a@shop.co.uk\r\n\r\nhttp://WWW.Shop.CO.UK.other.example/\r\n"));
    assert_true(
        relates_alike(within, "From: a@shop.co.uk\r\n\r\nhttp://www.%73hop.co.uk.other.example/\r\n"));
    assert_false(relates_alike(within, "From: a@shop.co.uk\r\n\r\nhttp://www.other.example/\r\n"));
    assert_false(relates_alike(own, "From: a@news.shop.co.uk\r\nReply-To: b@other.example\r\n\r\n"
                                    "http://www.shop.co.uk/\r\n"));
}

static void an_answer_below_the_senders_domain_goes_nowhere_else(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct scan_features f;
    extract("From: a@shop.co.uk\r\nReply-To: b@answers.shop.co.uk\r\n\r\nHello\r\n", arena, &f);
    assert_false(has_fact(&f, "reply goes elsewhere"));
    extract("From: a@shop.co.uk\r\nReply-To: b@other.co.uk\r\n\r\nHello\r\n", arena, &f);
    assert_true(has_fact(&f, "reply goes elsewhere"));
    arena_free(arena);
}

static void a_score_is_the_sum_of_its_parts(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct error error;
    struct buf file = model_file(12, 3, 2.0, -0.25);
    struct scan_model *model = scan_model_parse(buf_span(&file), SCAN_ASK_SPAM, &error);
    assert_non_null(model);
    struct scan_features f;
    struct scan_score score;
    extract(letter, arena, &f);
    scan_model_score(model, &f, &score);
    double sum = score.prior, facts = 0;
    for (unsigned i = 0; i < SCAN_FAMILIES; i++)
        sum += score.families[i];
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        facts += score.facts[i];
    assert_true(fabs(sum - score.log_odds) < 1e-9);
    assert_true(fabs(facts - score.families[SCAN_FACTS]) < 1e-9);
    double text = f.start[SCAN_TEXT + 1] - f.start[SCAN_TEXT], all = f.start[SCAN_FAMILIES];
    assert_true(fabs(score.prior - 2.0 * (0.5 + 0.25)) < 1e-9);
    assert_true(fabs(score.families[SCAN_TEXT] - 2.0 * 0.09 * text / pow(all * (text + 30), 0.25)) < 1e-9);
    scan_model_free(model);
    buf_free(&file);
    arena_free(arena);
}

static void log_odds_become_scores_of_0_to_99(void **state)
{
    (void)state;
    assert_int_equal(scan_score_of_log_odds(0), 50);
    assert_int_equal(scan_score_of_log_odds(-0.001), 49);
    assert_int_equal(scan_score_of_log_odds(log(9) + 1e-9), 90);
    assert_int_equal(scan_score_of_log_odds(log(9) - 1e-3), 89);
    assert_int_equal(scan_score_of_log_odds(1e6), 99);
    assert_int_equal(scan_score_of_log_odds(-1e6), 0);
}

static void expect_refused(struct span file, const char *why)
{
    struct error error = {""};
    struct scan_model *model = scan_model_parse(file, SCAN_ASK_SPAM, &error);
    assert_null(model);
    if (!strstr(error.text, why))
        fail_msg("refused with \"%s\", not \"%s\"", error.text, why);
}

static void a_damaged_model_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct buf file = model_file(8, 1, 1, 0);
    struct span whole = buf_span(&file);
    expect_refused(SPAN(""), "not a model file");
    expect_refused(
        SPAN("From: x\r\n\r\nthis is mail, not a model, but it is long enough to hold a header\r\n"),
        "not a model file");
    for (size_t n = 8; n < 88; n++)
        expect_refused(span_slice(whole, 0, n), "cut short");
    for (size_t n = 88; n < whole.n; n++)
        expect_refused(span_slice(whole, 0, n), "bytes long, should be");
    file.data[whole.n - 1] ^= 1;
    expect_refused(whole, "checksum");
    file.data[whole.n - 1] ^= 1;
    file.data[8] = 9;
    expect_refused(whole, "file format 9");
    file.data[8] = 3;
    file.data[24] = 'x';
    expect_refused(whole, "a question that this program does not ask");
    file.data[24] = 's';
    file.data[43] = 1;
    expect_refused(whole, "leaves out a family");
    file.data[43] = 0;
    file.data[12] = 77;
    expect_refused(whole, "feature version 77");
    buf_free(&file);
}

static void a_model_answers_its_own_question_only(void **state)
{
    (void)state;
    struct error error = {""};
    struct buf file = {0};
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    scan_model_put(&file, &(struct scan_model_parameters){.question = SCAN_ASK_GRAYMAIL,
                                                          .table_bits = SCAN_MODEL_LEAST_BITS,
                                                          .weights = weights,
                                                          .slope = 1});
    expect_refused(buf_span(&file), "it tells graymail, not spam");
    struct scan_model *model = scan_model_parse(buf_span(&file), SCAN_ASK_GRAYMAIL, &error);
    assert_non_null(model);
    scan_model_free(model);
    buf_free(&file);
}

static void a_model_with_senseless_numbers_is_refused(void **state)
{
    (void)state;
    static const struct {
        double slope, offset;
    } cases[] = {{0, 0}, {-1, 0}, {NAN, 0}, {INFINITY, 0}, {1, NAN}, {1, 1e300}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf file = model_file(8, 1, cases[i].slope, cases[i].offset);
        expect_refused(buf_span(&file), "out of range");
        buf_free(&file);
    }
}

static void a_model_loads_from_a_file_and_names_what_is_wrong_with_it(void **state)
{
    (void)state;
    char path[] = "test_scan.XXXXXX";
    struct error error = {""};
    assert_null(scan_model_load("no/such/file", SCAN_ASK_SPAM, &error));
    assert_non_null(strstr(error.text, "no/such/file"));
    assert_null(scan_model_load(".", SCAN_ASK_SPAM, &error));

    struct buf file = model_file(8, 1, 1, 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_null(scan_model_load(path, SCAN_ASK_SPAM, &error));
    assert_int_equal(write(fd, file.data, file.len), file.len);
    struct scan_model *model = scan_model_load(path, SCAN_ASK_SPAM, &error);
    assert_non_null(model);
    assert_true(span_equal(scan_model_description(model), SPAN("for a test")));
    scan_model_free(model);
    assert_int_equal(ftruncate(fd, (off_t)file.len - 1), 0);
    assert_null(scan_model_load(path, SCAN_ASK_SPAM, &error));
    assert_non_null(strstr(error.text, path));
    close(fd);
    unlink(path);
    buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_the_same_on_every_machine),
        cmocka_unit_test(the_same_message_has_the_same_features),
        cmocka_unit_test(no_feature_appears_twice),
        cmocka_unit_test(headers_of_the_receiving_side_change_nothing),
        cmocka_unit_test(an_earlier_hop_is_known_by_whom_it_had_the_mail_from),
        cmocka_unit_test(the_order_and_writing_of_header_names_tell_the_program),
        cmocka_unit_test(ids_of_one_pattern_have_the_same_shape),
        cmocka_unit_test(tags_and_headers_of_parts_are_read_from_the_body),
        cmocka_unit_test(recipient_sender_and_links_are_related),
        cmocka_unit_test(a_family_that_a_model_leaves_out_counts_nothing),
        cmocka_unit_test(digits_and_case_do_not_matter_in_text),
        cmocka_unit_test(bytes_outside_ascii_are_no_features),
        cmocka_unit_test(facts_tell_the_structure),
        cmocka_unit_test(facts_and_features_of_structure_go_together),
        cmocka_unit_test(an_endless_message_has_a_bounded_number_of_features),
        cmocka_unit_test(families_that_nobody_wants_change_nothing_of_the_others),
        cmocka_unit_test(relations_are_between_registered_domains),
        cmocka_unit_test(an_answer_below_the_senders_domain_goes_nowhere_else),
        cmocka_unit_test(a_score_is_the_sum_of_its_parts),
        cmocka_unit_test(log_odds_become_scores_of_0_to_99),
        cmocka_unit_test(a_damaged_model_is_refused_with_the_reason),
        cmocka_unit_test(a_model_answers_its_own_question_only),
        cmocka_unit_test(a_model_with_senseless_numbers_is_refused),
        cmocka_unit_test(a_model_loads_from_a_file_and_names_what_is_wrong_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
