/* What becomes of mail of one kind (spam, a category of graymail ...): conditions and questions that all kinds share. */
#include <string.h>

#include "commands/policyconfig.h"

/* ---- conditions ---- */

bool policy_goes_on(const struct answers *a, enum policy_kind kind)
{
    int64_t action = a->values[policy_treatments[kind].action].number;
    return action != SCHEMA_DROP && action != SCHEMA_BOUNCE;
}

bool policy_may_have_host(const struct answers *a, enum policy_kind kind)
{
    const struct policy_treatment *t = &policy_treatments[kind];
    return a->values[t->action].number == SCHEMA_DELIVER ||
           (policy_goes_on(a, kind) && a->values[t->host].text.n > 0);
}

/* ---- questions that are more than one field ---- */

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

enum ui_result policy_ask_subject(struct shell *sh, const struct step *step, struct answers *a)
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

enum ui_result policy_ask_header(struct shell *sh, const struct step *step, struct answers *a)
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

enum ui_result policy_ask_host(struct shell *sh, const struct step *step, struct answers *a)
{
    return ask_optional(sh, step, a, "Enter the alternate host:");
}

enum ui_result policy_ask_recipient(struct shell *sh, const struct step *step, struct answers *a)
{
    return ask_optional(sh, step, a, "Enter the alternate recipient:");
}
