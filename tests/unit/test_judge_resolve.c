/* The resolve step: every verdict with every action, and with and without host, recipient and archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/judge/resolve.h"

#define HOST SPAN("other.example")
#define RECIPIENT SPAN("abuse@example.org")

/* What the policy has besides the action: bits, and so columns of the table below. */
enum { WITH_ARCHIVE = 1, WITH_RECIPIENT = 2, WITH_HOST = 4, COMBINATIONS = 8 };

/* What is to come of it: the action by its first letter, then a (archived), r (to the alternate recipient), h (to the
 * alternate host), m (with marks in subject and header).  The policy always has marks. */
static const struct row {
    enum judge_verdict verdict;
    enum judge_action action;
    const char *expected[COMBINATIONS]; /* none, a, r, ra, h, ha, hr, hra */
} table[] = {
    {JUDGE_POSITIVE, JUDGE_DELIVER, {"Dm", "Dam", "Drm", "Darm", "Dhm", "Dahm", "Drhm", "Darhm"}},
    {JUDGE_POSITIVE, JUDGE_DROP, {"X", "Xa", "X", "Xa", "X", "Xa", "X", "Xa"}},
    {JUDGE_POSITIVE, JUDGE_BOUNCE, {"B", "Ba", "B", "Ba", "B", "Ba", "B", "Ba"}},
    {JUDGE_POSITIVE, JUDGE_QUARANTINE, {"Qm", "Qam", "Qrm", "Qarm", "Dhm", "Dahm", "Drhm", "Darhm"}},
    {JUDGE_SUSPECT, JUDGE_DELIVER, {"Dm", "Dam", "Drm", "Darm", "Dhm", "Dahm", "Drhm", "Darhm"}},
    {JUDGE_SUSPECT, JUDGE_DROP, {"X", "Xa", "X", "Xa", "X", "Xa", "X", "Xa"}},
    {JUDGE_SUSPECT, JUDGE_BOUNCE, {"B", "Ba", "B", "Ba", "B", "Ba", "B", "Ba"}},
    {JUDGE_SUSPECT, JUDGE_QUARANTINE, {"Qm", "Qam", "Qrm", "Qarm", "Dhm", "Dahm", "Drhm", "Darhm"}},
    {JUDGE_UNSCANNABLE, JUDGE_DELIVER, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_UNSCANNABLE, JUDGE_DROP, {"X", "X", "X", "X", "X", "X", "X", "X"}},
    {JUDGE_UNSCANNABLE, JUDGE_BOUNCE, {"B", "B", "B", "B", "B", "B", "B", "B"}},
    {JUDGE_UNSCANNABLE, JUDGE_QUARANTINE, {"Q", "Q", "Q", "Q", "Q", "Q", "Q", "Q"}},
    {JUDGE_NEGATIVE, JUDGE_DELIVER, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NEGATIVE, JUDGE_DROP, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NEGATIVE, JUDGE_BOUNCE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NEGATIVE, JUDGE_QUARANTINE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NOT_SCANNED, JUDGE_DELIVER, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NOT_SCANNED, JUDGE_DROP, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NOT_SCANNED, JUDGE_BOUNCE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_NOT_SCANNED, JUDGE_QUARANTINE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_OFF, JUDGE_DELIVER, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_OFF, JUDGE_DROP, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_OFF, JUDGE_BOUNCE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
    {JUDGE_OFF, JUDGE_QUARANTINE, {"D", "D", "D", "D", "D", "D", "D", "D"}},
};
enum { ROWS = sizeof table / sizeof table[0], VERDICTS = JUDGE_OFF + 1, ACTIONS = JUDGE_QUARANTINE + 1 };
_Static_assert(ROWS == VERDICTS * ACTIONS, "a row for every pair");

static struct judge_treatment treatment(enum judge_action action, unsigned with)
{
    return (struct judge_treatment){.action = action,
                                    .archive = with & WITH_ARCHIVE,
                                    .recipient = with & WITH_RECIPIENT ? RECIPIENT : SPAN(""),
                                    .host = with & WITH_HOST ? HOST : SPAN(""),
                                    .subject_change = JUDGE_SUBJECT_PREPEND,
                                    .subject_text = SPAN("[SPAM] ")};
}

/* The other blocks of the policy would give all of it away. */
static struct judge_policy policy_of(const struct row *row, unsigned with)
{
    const struct judge_treatment asked = treatment(row->action, with),
                                 other = treatment(JUDGE_DELIVER, COMBINATIONS - 1);
    bool none = row->verdict != JUDGE_POSITIVE && row->verdict != JUDGE_SUSPECT;
    return (struct judge_policy){.positive = none || row->verdict == JUDGE_POSITIVE ? asked : other,
                                 .suspect = none || row->verdict == JUDGE_SUSPECT ? asked : other,
                                 .unscannable = none ? row->action : JUDGE_DELIVER};
}

static void describe(const struct judge_resolution *r, char text[8])
{
    static const char letters[] = {
        [JUDGE_DELIVER] = 'D', [JUDGE_DROP] = 'X', [JUDGE_BOUNCE] = 'B', [JUDGE_QUARANTINE] = 'Q'};
    *text++ = letters[r->action];
    if (r->archive[JUDGE_ANTISPAM])
        *text++ = 'a';
    if (span_equal(r->recipient, RECIPIENT))
        *text++ = 'r';
    if (span_equal(r->host, HOST))
        *text++ = 'h';
    if (r->marks[JUDGE_ANTISPAM])
        *text++ = 'm';
    *text = '\0';
}

static void every_verdict_with_every_action_ends_as_the_table_says(void **state)
{
    (void)state;
    bool seen[VERDICTS][ACTIONS] = {{false}};
    for (size_t i = 0; i < ROWS; i++) {
        assert_false(seen[table[i].verdict][table[i].action]);
        seen[table[i].verdict][table[i].action] = true;
        for (unsigned with = 0; with < COMBINATIONS; with++) {
            const struct judge_policy policy = policy_of(&table[i], with);
            struct judge_resolution resolution;
            char text[8];
            judge_resolve(&policy, table[i].verdict, JUDGE_GRAYMAIL_OFF, &resolution);
            describe(&resolution, text);
            assert_string_equal(text, table[i].expected[with]);
        }
    }
}

static void marks_are_those_of_the_verdict(void **state)
{
    (void)state;
    struct judge_policy policy = {.positive = {.header = SPAN("X-Spam: yes")}};
    struct judge_resolution resolution;
    judge_resolve(&policy, JUDGE_POSITIVE, JUDGE_GRAYMAIL_OFF, &resolution);
    assert_ptr_equal(resolution.marks[JUDGE_ANTISPAM], &policy.positive);
    judge_resolve(&policy, JUDGE_SUSPECT, JUDGE_GRAYMAIL_OFF, &resolution);
    assert_null(resolution.marks[JUDGE_ANTISPAM]);
    policy.suspect.subject_change = JUDGE_SUBJECT_APPEND;
    judge_resolve(&policy, JUDGE_SUSPECT, JUDGE_GRAYMAIL_OFF, &resolution);
    assert_ptr_equal(resolution.marks[JUDGE_ANTISPAM], &policy.suspect);
}

/* ---- both engines ---- */

#define HOST_2 SPAN("second.example")
#define RECIPIENT_2 SPAN("lists@example.org")

/* What comes of a suspected spam that is bulk mail, too: the action by its first letter with s or g for whose it is,
 * then h and r with the same for host and recipient, a and m with them for archives and marks. */
static const struct meeting {
    enum judge_action suspect, bulk;
    unsigned suspect_with, bulk_with;
    const char *expected;
} meetings[] = {
    {JUDGE_DELIVER, JUDGE_DELIVER, 0, 0, "Ds ms mg"},
    {JUDGE_DELIVER, JUDGE_DROP, WITH_ARCHIVE, WITH_ARCHIVE, "Xg as ag"},
    {JUDGE_DELIVER, JUDGE_BOUNCE, WITH_HOST, 0, "Bg"},
    {JUDGE_DELIVER, JUDGE_QUARANTINE, 0, WITH_RECIPIENT, "Qg rg ms mg"},
    {JUDGE_DELIVER, JUDGE_QUARANTINE, WITH_HOST, 0, "Qg ms mg"},
    {JUDGE_DROP, JUDGE_DELIVER, WITH_ARCHIVE, WITH_ARCHIVE | WITH_HOST, "Xs as"},
    {JUDGE_BOUNCE, JUDGE_DROP, 0, WITH_ARCHIVE, "Bs"},
    {JUDGE_QUARANTINE, JUDGE_DELIVER, 0, WITH_ARCHIVE, "Qs ag ms mg"},
    {JUDGE_QUARANTINE, JUDGE_DELIVER, 0, WITH_HOST, "Dg hg ms mg"},
    {JUDGE_QUARANTINE, JUDGE_DROP, WITH_RECIPIENT, 0, "Xg"},
    {JUDGE_DELIVER, JUDGE_DELIVER, WITH_HOST | WITH_RECIPIENT, WITH_HOST, "Ds hg rs ms mg"},
    {JUDGE_DELIVER, JUDGE_DELIVER, WITH_RECIPIENT, WITH_RECIPIENT, "Ds rg ms mg"},
};

static void add(char *text, char what, enum judge_engine by)
{
    size_t n = strlen(text);
    snprintf(text + n, 32 - n, "%s%c%c", n ? " " : "", what, by == JUDGE_GRAYMAIL ? 'g' : 's');
}

static void describe_both(const struct judge_resolution *r, char text[32])
{
    static const char letters[] = {
        [JUDGE_DELIVER] = 'D', [JUDGE_DROP] = 'X', [JUDGE_BOUNCE] = 'B', [JUDGE_QUARANTINE] = 'Q'};
    text[0] = '\0';
    add(text, letters[r->action], r->action_by);
    if (r->host.n) {
        assert_true(span_equal(r->host, r->host_by == JUDGE_GRAYMAIL ? HOST_2 : HOST));
        add(text, 'h', r->host_by);
    }
    if (r->recipient.n) {
        assert_true(span_equal(r->recipient, r->recipient_by == JUDGE_GRAYMAIL ? RECIPIENT_2 : RECIPIENT));
        add(text, 'r', r->recipient_by);
    }
    for (enum judge_engine i = 0; i < JUDGE_ENGINES; i++)
        if (r->archive[i])
            add(text, 'a', i);
    for (enum judge_engine i = 0; i < JUDGE_ENGINES; i++)
        if (r->marks[i])
            add(text, 'm', i);
}

static struct judge_treatment second_treatment(enum judge_action action, unsigned with)
{
    struct judge_treatment t = treatment(action, with);
    t.host = with & WITH_HOST ? HOST_2 : SPAN("");
    t.recipient = with & WITH_RECIPIENT ? RECIPIENT_2 : SPAN("");
    return t;
}

static void what_is_suspect_and_graymail_is_treated_by_both_in_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meetings / sizeof meetings[0]; i++) {
        const struct meeting *m = &meetings[i];
        const struct judge_policy policy = {.suspect = treatment(m->suspect, m->suspect_with),
                                            .bulk = second_treatment(m->bulk, m->bulk_with)};
        struct judge_resolution resolution;
        char text[32];
        judge_resolve(&policy, JUDGE_SUSPECT, JUDGE_GRAYMAIL_BULK, &resolution);
        describe_both(&resolution, text);
        assert_string_equal(text, m->expected);
    }
}

static void each_category_has_a_treatment_of_its_own_and_spam_has_none_of_them(void **state)
{
    (void)state;
    const struct judge_policy policy = {.marketing.action = JUDGE_DROP,
                                        .social.action = JUDGE_BOUNCE,
                                        .bulk.action = JUDGE_QUARANTINE,
                                        .positive.action = JUDGE_DELIVER};
    static const enum judge_action wanted[JUDGE_GRAYMAIL_ANSWERS] = {
        [JUDGE_GRAYMAIL_MARKETING] = JUDGE_DROP,
        [JUDGE_GRAYMAIL_SOCIAL] = JUDGE_BOUNCE,
        [JUDGE_GRAYMAIL_BULK] = JUDGE_QUARANTINE,
    };
    struct judge_resolution resolution;
    for (enum judge_graymail i = 0; i < JUDGE_GRAYMAIL_ANSWERS; i++) {
        judge_resolve(&policy, JUDGE_NEGATIVE, i, &resolution);
        assert_int_equal(resolution.action, wanted[i]);
        judge_resolve(&policy, JUDGE_POSITIVE, i, &resolution);
        assert_int_equal(resolution.action, JUDGE_DELIVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_with_every_action_ends_as_the_table_says),
        cmocka_unit_test(marks_are_those_of_the_verdict),
        cmocka_unit_test(what_is_suspect_and_graymail_is_treated_by_both_in_turn),
        cmocka_unit_test(each_category_has_a_treatment_of_its_own_and_spam_has_none_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
