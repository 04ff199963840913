/* Questions, lists and confirmations on a terminal, and the same answers read silently without one. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "commands/command.h"
#include "commands/ui_internal.h"

bool ui_explain(struct shell *sh, const char *text)
{
    if (!shell_is_interactive(sh)) {
        shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", text);
        return false;
    }
    out_text(sh, "%s\n", text);
    shell_hide_answer(sh); /* it may have been meant for something else */
    return true;
}

void ui_show(struct shell *sh, const struct buf *text)
{
    if (shell_is_interactive(sh))
        out_span(sh, buf_span(text));
}

bool ui_read_word(struct shell *sh, const char *prompt, struct buf *word)
{
    buf_clear(word);
    if (!shell_read_answer(sh, prompt, word))
        return false;
    buf_text(word); /* so that there is memory */
    struct span trimmed = span_trim(buf_span(word));
    memmove(word->data, trimmed.p, trimmed.n);
    word->len = trimmed.n;
    buf_text(word);
    return true;
}

enum api_status ui_status(struct shell *sh, enum ui_result result)
{
    return result == UI_ABORT ? shell_aborted(sh) : API_DONE;
}

bool ui_asks_for_help(struct shell *sh, struct span word)
{
    return shell_is_interactive(sh) && span_equal(word, SPAN("?"));
}

/* ---- questions ---- */

typedef bool read_answer(struct shell *sh, const char *prompt, struct buf *line);

/* "\nquestion\n[preset]> " and the answer as it was typed, or preset. */
static enum ui_result ask(struct shell *sh, const char *question, const char *preset, read_answer *read,
                          struct buf *answer)
{
    struct buf text = {0};
    buf_printf(&text, "\n%s\n", question);
    ui_show(sh, &text);
    buf_clear(&text);
    buf_printf(&text, "[%s]> ", preset);
    size_t start = answer->len;
    bool came = read(sh, buf_text(&text), answer);
    buf_free(&text);
    if (!came)
        return UI_ABORT;
    if (answer->len == start)
        buf_append_span(answer, span_text(preset));
    buf_text(answer);
    return UI_DONE;
}

enum ui_result ui_ask(struct shell *sh, const char *question, const char *preset, struct buf *answer)
{
    return ask(sh, question, preset, shell_read_answer, answer);
}

/* Takes what was typed for the field; explains and returns false when it is wrong. */
static bool take_value(const struct schema_field *field, struct span typed, struct arena *arena,
                       struct schema_value *value, struct error *error)
{
    struct schema_value taken;
    if (!schema_value_parse(field, arena_dup(arena, typed), &taken, error))
        return false;
    *value = taken;
    return true;
}

/* False: ask again. */
static enum ui_result confirm_advice(struct shell *sh, const struct schema_field *field,
                                     const struct schema_value *value, bool *take)
{
    struct buf text = {0};
    enum ui_result result = UI_DONE;
    *take = true;
    if (shell_is_interactive(sh) && schema_value_warning(field, value, &text)) {
        buf_printf(&text, "\nDo you want to use it anyway?");
        result = ui_confirm(sh, buf_text(&text), false, take);
    }
    buf_free(&text);
    return result;
}

/* What a field is for, and what it takes. */
static void show_field(struct shell *sh, const struct schema_field *field)
{
    struct buf text = {0};
    buf_printf(&text, "%s: ", field->help);
    schema_field_describe(field, &text);
    buf_append_char(&text, '\n');
    ui_show(sh, &text);
    buf_free(&text);
}

/* Takes an answer; *taken stays false when it is to be asked again. */
static enum ui_result take_text(struct shell *sh, const struct schema_field *field, struct span typed,
                                struct arena *arena, struct schema_value *value, bool *taken)
{
    struct schema_value v = *value;
    struct error error;
    enum ui_result result = UI_DONE;
    if (!field->secret && ui_asks_for_help(sh, typed))
        show_field(sh, field);
    else if (take_value(field, typed, arena, &v, &error))
        result = confirm_advice(sh, field, &v, taken);
    else if (!ui_explain(sh, error.text))
        result = UI_ABORT;
    if (*taken)
        *value = v;
    return result;
}

static enum ui_result ask_text(struct shell *sh, const struct schema_field *field, const char *question,
                               struct arena *arena, struct schema_value *value)
{
    struct buf preset = {0}, answer = {0};
    schema_value_print(field, value, &preset);
    buf_text(&preset);
    enum ui_result result;
    bool taken = false;
    do {
        buf_clear(&answer);
        result =
            ask(sh, question, preset.data, field->secret ? shell_read_secret : shell_read_answer, &answer);
        if (result == UI_DONE && shell_is_interactive(sh) && !answer.len && field->least > 0)
            result = UI_LEAVE;
        if (result == UI_DONE)
            result = take_text(sh, field, span_trim(buf_span(&answer)), arena, value, &taken);
    } while (result == UI_DONE && !taken);
    buf_free(&preset);
    buf_free(&answer);
    return result;
}

enum { CHOICES_MAX = 16 };

static enum ui_result ask_choice(struct shell *sh, const struct schema_field *field, const char *question,
                                 struct arena *arena, struct schema_value *value)
{
    const char *texts[CHOICES_MAX];
    size_t count = 0, chosen = (size_t)value->number;
    for (; field->choices[count] && count < CHOICES_MAX; count++) {
        char *text = arena_text(arena, span_text(field->choices[count]));
        text[0] = (char)toupper((unsigned char)text[0]);
        texts[count] = text;
    }
    enum ui_result result = ui_choose(sh, question, texts, count, &chosen);
    if (result == UI_DONE)
        value->number = (int64_t)chosen;
    return result;
}

enum ui_result ui_ask_field(struct shell *sh, const struct schema_field *field, const char *question,
                            struct arena *arena, struct schema_value *value)
{
    if (field->type == SCHEMA_CHOICE)
        return ask_choice(sh, field, question, arena, value);
    if (field->type != SCHEMA_FLAG)
        return ask_text(sh, field, question, arena, value);
    bool yes = value->number != 0;
    enum ui_result result = ui_yes_no(sh, question, &yes);
    value->number = yes;
    return result;
}

/* ---- yes and no ---- */

static bool is_word(const struct buf *word, const char *letter, const char *whole)
{
    return span_equal_nocase(buf_span(word), span_text(letter)) ||
           span_equal_nocase(buf_span(word), span_text(whole));
}

static enum ui_result ask_yes_no(struct shell *sh, const char *question, const char *preset, bool *yes)
{
    struct buf prompt = {0}, word = {0};
    buf_printf(&prompt, "\n%s [%s]> ", question, preset);
    buf_text(&prompt);
    enum ui_result result = UI_ABORT;
    do {
        if (!ui_read_word(sh, prompt.data, &word))
            break;
        if (!word.len)
            buf_append_span(&word, span_text(preset));
        bool is_yes = is_word(&word, "y", "yes");
        if (is_yes || is_word(&word, "n", "no")) {
            *yes = is_yes;
            result = UI_DONE;
        }
    } while (result != UI_DONE && ui_explain(sh, "Please answer yes or no."));
    buf_free(&prompt);
    buf_free(&word);
    return result;
}

enum ui_result ui_yes_no(struct shell *sh, const char *question, bool *yes)
{
    return ask_yes_no(sh, question, *yes ? "Y" : "N", yes);
}

enum ui_result ui_yes_or_no(struct shell *sh, const char *question, bool *yes)
{
    return ask_yes_no(sh, question, "", yes);
}

enum ui_result ui_confirm(struct shell *sh, const char *question, bool preset, bool *yes)
{
    *yes = shell_is_interactive(sh) ? preset : true;
    return shell_is_interactive(sh) ? ui_yes_no(sh, question, yes) : UI_DONE;
}

/* ---- numbered lists ---- */

/* By number, by text, or by the beginning of one text alone. */
static bool find_choice(const char *word, const char *const *texts, size_t count, size_t *chosen)
{
    uint64_t number;
    size_t beginnings = 0, begun = 0;
    if (span_parse_u64(span_text(word), &number) && number >= 1 && number <= count) {
        *chosen = (size_t)number - 1;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(word, texts[i]) == 0) {
            *chosen = i;
            return true;
        }
        if (strncasecmp(word, texts[i], strlen(word)) == 0) {
            begun = i;
            beginnings++;
        }
    }
    if (beginnings == 1)
        *chosen = begun;
    return beginnings == 1;
}

enum ui_result ui_choose(struct shell *sh, const char *heading, const char *const *texts, size_t count,
                         size_t *chosen)
{
    struct buf list = {0}, word = {0}, wrong = {0};
    char prompt[32];
    snprintf(prompt, sizeof prompt, "[%zu]> ", *chosen + 1);
    buf_printf(&list, "\n%s\n", heading);
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%zu. %s\n", i + 1, texts[i]);
    enum ui_result result = UI_ABORT;
    do {
        ui_show(sh, &list);
        if (!ui_read_word(sh, prompt, &word))
            break;
        if (!word.len || find_choice(word.data, texts, count, chosen))
            result = UI_DONE;
        buf_clear(&wrong);
        buf_printf(&wrong, "'%s' is not a number from 1 to %zu", word.data, count);
    } while (result != UI_DONE &&
             (ui_asks_for_help(sh, buf_span(&word)) || ui_explain(sh, buf_text(&wrong))));
    buf_free(&list);
    buf_free(&word);
    buf_free(&wrong);
    return result;
}
