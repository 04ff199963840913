/* The resolve step: every verdict with every action, and with and without host, recipient and archive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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
    if (r->archive)
        *text++ = 'a';
    if (span_equal(r->recipient, RECIPIENT))
        *text++ = 'r';
    if (span_equal(r->host, HOST))
        *text++ = 'h';
    if (r->marks)
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
            judge_resolve(&policy, table[i].verdict, &resolution);
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
    assert_ptr_equal(resolution.marks, &policy.positive);
    judge_resolve(&policy, JUDGE_SUSPECT, JUDGE_GRAYMAIL_OFF, &resolution);
    assert_null(resolution.marks);
    policy.suspect.subject_change = JUDGE_SUBJECT_APPEND;
    judge_resolve(&policy, JUDGE_SUSPECT, JUDGE_GRAYMAIL_OFF, &resolution);
    assert_ptr_equal(resolution.marks, &policy.suspect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_with_every_action_ends_as_the_table_says),
        cmocka_unit_test(marks_are_those_of_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
