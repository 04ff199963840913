/* The anti-spam block of a mail policy: thresholds, and what becomes of spam and of suspected spam. */
#include <string.h>

#include "commands/policyconfig.h"

/* ---- conditions ---- */

/* Subject and header are for mail that goes on: a dropped or bounced message has none. */
static bool goes_on(const struct answers *a, unsigned action_field)
{
    int64_t action = a->values[action_field].number;
    return action != SCHEMA_DROP && action != SCHEMA_BOUNCE;
}

static bool positive_goes_on(const struct answers *a)
{
    return goes_on(a, POLICY_POSITIVE_ACTION);
}

/* A host takes the place of the quarantine: for a person who wants that he is not asked for one, but for what he has. */
static bool may_have_host(const struct answers *a, unsigned action_field, unsigned host_field)
{
    return a->values[action_field].number == SCHEMA_DELIVER ||
           (goes_on(a, action_field) && a->values[host_field].text.n > 0);
}

static bool positive_may_have_host(const struct answers *a)
{
    return may_have_host(a, POLICY_POSITIVE_ACTION, POLICY_POSITIVE_HOST);
}

static bool has_suspects(const struct answers *a)
{
    return a->values[POLICY_SUSPECT].number != 0;
}

static bool suspect_goes_on(const struct answers *a)
{
    return has_suspects(a) && goes_on(a, POLICY_SUSPECT_ACTION);
}

static bool suspect_may_have_host(const struct answers *a)
{
    return has_suspects(a) && may_have_host(a, POLICY_SUSPECT_ACTION, POLICY_SUSPECT_HOST);
}

/* ---- questions that are more than one field ---- */

/* A suspect threshold above the new positive one cannot stay. */
static void fit_suspect_threshold(struct answers *a)
{
    int64_t positive = a->values[POLICY_POSITIVE_THRESHOLD].number;
    if (a->values[POLICY_SUSPECT_THRESHOLD].number > positive) {
        a->values[POLICY_SUSPECT_THRESHOLD].number = positive;
        a->given[POLICY_SUSPECT_THRESHOLD] = true;
    }
}

static enum ui_result ask_suspect(struct shell *sh, const struct step *step, struct answers *a)
{
    bool yes = has_suspects(a);
    enum ui_result result = ui_yes_no(sh, step->question, &yes);
    a->values[POLICY_SUSPECT].number = yes;
    fit_suspect_threshold(a);
    return result;
}

/* From 25 to the positive threshold: the field's own range ends where positives begin. */
static enum ui_result ask_suspect_threshold(struct shell *sh, const struct step *step, struct answers *a)
{
    struct schema_field field = a->table->fields[step->field];
    field.most = a->values[POLICY_POSITIVE_THRESHOLD].number;
    return ui_ask_field(sh, &field, step->question, a->arena, &a->values[step->field]);
}

enum { SUBJECT_NONE, SUBJECT_PREPEND, SUBJECT_APPEND };
static const char *const subject_kinds[] = {"None", "Prepend", "Append"};
static const char *const subject_words[] = {"none", "prepend:", "append:"};

/* The kind that a stored value has; *text is what is behind it. */
static size_t split_subject(struct span value, struct span *text)
{
    for (size_t kind = SUBJECT_PREPEND; kind <= SUBJECT_APPEND; kind++) {
        struct span word = span_text(subject_words[kind]);
        if (span_starts_nocase(value, word)) {
            *text = span_slice(value, word.n, value.n);
            return kind;
        }
    }
    *text = SPAN("");
    return SUBJECT_NONE;
}

/* Keeps a value that was put together, or explains what is wrong with it. */
static bool take_text(struct shell *sh, struct answers *a, unsigned field, const struct buf *text,
                      bool *again)
{
    struct error error;
    struct schema_value value;
    bool good =
        schema_value_parse(&a->table->fields[field], arena_dup(a->arena, buf_span(text)), &value, &error);
    if (good)
        a->values[field] = value;
    *again = !good && ui_explain(sh, error.text);
    return good;
}

static enum ui_result ask_subject(struct shell *sh, const struct step *step, struct answers *a)
{
    struct span old;
    size_t kind = split_subject(a->values[step->field].text, &old);
    enum ui_result result = ui_choose(sh, step->question, subject_kinds, 3, &kind);
    struct buf text = {0};
    bool good = false, again = result == UI_DONE;
    while (again) {
        buf_clear(&text);
        buf_append_span(&text, span_text(subject_words[kind]));
        result = kind == SUBJECT_NONE
                     ? UI_DONE
                     : ui_ask(sh, "Enter the text; blanks at its ends are kept:", arena_text(a->arena, old),
                              &text);
        again = false;
        if (result == UI_DONE)
            good = take_text(sh, a, step->field, &text, &again);
    }
    buf_free(&text);
    return good ? UI_DONE : UI_ABORT;
}

static enum ui_result ask_header_parts(struct shell *sh, struct span old, struct arena *arena,
                                       struct buf *header)
{
    size_t colon = span_find(old, ':');
    struct span name = span_slice(old, 0, colon), value = span_trim(span_slice(old, colon + 1, old.n));
    enum ui_result result = ui_ask(sh, "Enter the name of the header:", arena_text(arena, name), header);
    buf_append_span(header, SPAN(": "));
    if (result == UI_DONE)
        result = ui_ask(sh, "Enter the text of the header:", arena_text(arena, value), header);
    return result;
}

static enum ui_result ask_header(struct shell *sh, const struct step *step, struct answers *a)
{
    struct span old = a->values[step->field].text;
    bool yes = old.n > 0;
    enum ui_result result = ui_yes_no(sh, step->question, &yes);
    struct buf header = {0};
    bool good = false, again = result == UI_DONE;
    while (again) {
        buf_clear(&header);
        result = yes ? ask_header_parts(sh, old, a->arena, &header) : UI_DONE;
        again = false;
        if (result == UI_DONE)
            good = take_text(sh, a, step->field, &header, &again);
    }
    buf_free(&header);
    return good ? UI_DONE : UI_ABORT;
}

/* Whether, and then what; no is the empty text. */
static enum ui_result ask_optional(struct shell *sh, const struct step *step, struct answers *a,
                                   const char *question)
{
    struct span old = a->values[step->field].text;
    bool yes = old.n > 0;
    enum ui_result result = ui_yes_no(sh, step->question, &yes);
    struct buf text = {0};
    bool good = false, again = result == UI_DONE;
    while (again) {
        buf_clear(&text);
        result = yes ? ui_ask(sh, question, arena_text(a->arena, old), &text) : UI_DONE;
        again = false;
        if (result == UI_DONE)
            good = take_text(sh, a, step->field, &text, &again);
    }
    buf_free(&text);
    return good ? UI_DONE : UI_ABORT;
}

static enum ui_result ask_host(struct shell *sh, const struct step *step, struct answers *a)
{
    return ask_optional(sh, step, a, "Enter the alternate host:");
}

static enum ui_result ask_recipient(struct shell *sh, const struct step *step, struct answers *a)
{
    return ask_optional(sh, step, a, "Enter the alternate recipient:");
}

/* ---- the form ---- */

static const struct step steps[] = {
    {.field = POLICY_ANTISPAM,
     .question = "Would you like to scan for spam under this policy?",
     .flags = STEP_POSITIONAL | STEP_YES_NO},
    /* from here on: policy_antispam_details */
    {.field = POLICY_ENGINE, .flags = STEP_BATCH_ONLY}, /* there is one engine to choose from so far */
    {.field = POLICY_POSITIVE_THRESHOLD, .question = "From what score on is a message spam?"},
    {.field = POLICY_POSITIVE_ACTION, .question = "What should be done with spam?"},
    {.field = POLICY_POSITIVE_ARCHIVE, .question = "Would you like to archive spam?"},
    {.field = POLICY_POSITIVE_HOST,
     .question = "Would you like to send spam to an alternate host?",
     .when = positive_may_have_host,
     .ask = ask_host},
    {.field = POLICY_POSITIVE_SUBJECT,
     .question = "How should the subject of spam be changed?",
     .when = positive_goes_on,
     .ask = ask_subject},
    {.field = POLICY_POSITIVE_HEADER,
     .question = "Would you like to add a header to spam?",
     .when = positive_goes_on,
     .ask = ask_header},
    {.field = POLICY_POSITIVE_RECIPIENT,
     .question = "Would you like to send spam to an alternate recipient?",
     .when = positive_goes_on,
     .ask = ask_recipient},
    {.field = POLICY_SUSPECT,
     .question = "Would you like to treat suspected spam specially?",
     .ask = ask_suspect},
    {.field = POLICY_SUSPECT_THRESHOLD,
     .question = "From what score on is a message suspected spam?",
     .when = has_suspects,
     .ask = ask_suspect_threshold},
    {.field = POLICY_SUSPECT_ACTION,
     .question = "What should be done with suspected spam?",
     .when = has_suspects},
    {.field = POLICY_SUSPECT_ARCHIVE,
     .question = "Would you like to archive suspected spam?",
     .when = has_suspects},
    {.field = POLICY_SUSPECT_HOST,
     .question = "Would you like to send suspected spam to an alternate host?",
     .when = suspect_may_have_host,
     .ask = ask_host},
    {.field = POLICY_SUSPECT_SUBJECT,
     .question = "How should the subject of suspected spam be changed?",
     .when = suspect_goes_on,
     .ask = ask_subject},
    {.field = POLICY_SUSPECT_HEADER,
     .question = "Would you like to add a header to suspected spam?",
     .when = suspect_goes_on,
     .ask = ask_header},
    {.field = POLICY_SUSPECT_RECIPIENT,
     .question = "Would you like to send suspected spam to an alternate recipient?",
     .when = suspect_goes_on,
     .ask = ask_recipient},
    {.field = POLICY_UNSCANNABLE, .question = "What should be done with a message that no scan survives?"},
};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

const struct form policy_antispam_form = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps, .step_count = STEP_COUNT};
const struct form policy_antispam_details = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps + 1, .step_count = STEP_COUNT - 1};
