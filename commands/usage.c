/* What may be typed: usage lines and the words that can follow, read from the tables. */
#include <strings.h>

#include "commands/command.h"

/* ---- usage ---- */

static void put_words(struct buf *out, const char *words)
{
    if (words && words[0])
        buf_printf(out, " %s", words);
}

enum { COLUMNS = 100 };

/* Adds the line; a long one is folded in front of its options. */
static void put_line(struct buf *out, const struct buf *head)
{
    struct span rest = buf_span(head);
    while (rest.n > COLUMNS) {
        size_t cut = COLUMNS - 1;
        while (cut > 0 && !(rest.p[cut] == ' ' && rest.p[cut + 1] == '['))
            cut--;
        if (cut < 8)
            break; /* nowhere to fold */
        buf_append_span(out, span_slice(rest, 0, cut));
        buf_printf(out, "\n     ");
        rest = span_slice(rest, cut, rest.n);
    }
    buf_append_span(out, rest);
    buf_append_char(out, '\n');
}

/* Verbs that differ by their word alone are shown as one: incoming|outgoing. */
static bool is_twin(const struct verb *a, const struct verb *b)
{
    return b->word && a->verbs && a->verbs == b->verbs && a->object == b->object && a->batch == b->batch;
}

/* head: the words so far; restored on return.  The depth is that of our own tables. */
static void put_verbs(struct buf *out, const struct verb *verbs, struct buf *head)
{
    for (const struct verb *v = verbs; v->word; v++) {
        size_t len = head->len;
        put_words(head, v->word);
        for (; is_twin(v, v + 1); v++)
            buf_printf(head, "|%s", v[1].word);
        put_words(head, v->object);
        if (v->batch) {
            size_t words = head->len;
            put_words(head, v->usage);
            if (v->form) {
                buf_append_char(head, ' ');
                form_usage(v->form, head);
            }
            put_line(out, head);
            head->len = words;
        }
        if (v->verbs)
            put_verbs(out, v->verbs, head);
        head->len = len;
    }
}

void command_usage(const struct command *command, struct buf *out)
{
    struct buf head = {0};
    buf_printf(&head, "  %s", command->name);
    size_t name = head.len;
    if (command->dialogue && (!command->run || command->least_args > 0))
        put_line(out, &head);
    if (command->run) {
        put_words(&head, command->usage);
        put_line(out, &head);
        head.len = name;
    }
    if (command->verbs)
        put_verbs(out, command->verbs, &head);
    buf_free(&head);
}

/* ---- words that may follow ---- */

struct visit {
    void (*visit)(const char *word, const char *text, void *context);
    void *context;
};

static void visit_step(const struct form *form, const struct step *step, int arg_count, char **args,
                       int *positional, const struct visit *v)
{
    const struct schema_field *field = &schema_tables[form->table].fields[step->field];
    if (step->flags & STEP_DIALOGUE_ONLY)
        return;
    if (step->flags & STEP_POSITIONAL) {
        if ((*positional)-- == 0 && field->choices)
            for (const char *const *choice = field->choices; *choice; choice++)
                v->visit(*choice, field->help, v->context);
        return;
    }
    for (int i = 0; i < arg_count; i++)
        if (step_is_option(form, step, args[i]))
            return;
    struct buf word = {0};
    buf_printf(&word, "--%s=", field->name);
    v->visit(buf_text(&word), field->help, v->context);
    buf_free(&word);
}

static void visit_form(const struct form *form, int arg_count, char **args, const struct visit *v)
{
    int positional = 0;
    for (int i = 0; i < arg_count; i++)
        positional += args[i][0] != '-' || args[i][1] != '-';
    for (size_t i = 0; i < form->step_count; i++)
        visit_step(form, &form->steps[i], arg_count, args, &positional, v);
}

static const struct verb *follow(const struct verb *verbs, const char *word)
{
    for (const struct verb *verb = verbs; verb && verb->word; verb++)
        if (strcasecmp(verb->word, word) == 0)
            return verb;
    return NULL;
}

void command_words(int word_count, char **words,
                   void (*visit)(const char *word, const char *text, void *context), void *context)
{
    const struct visit v = {visit, context};
    const struct command *command = word_count ? command_find(words[0]) : NULL;
    for (size_t i = 0; !word_count && command_table[i]; i++)
        visit(command_table[i]->name, command_table[i]->summary, context);
    if (!command)
        return;
    const struct verb *verbs = command->verbs, *verb = NULL, *next;
    int i = 1;
    while (i < word_count && (next = follow(verbs, words[i]))) {
        verb = next;
        verbs = verb->verbs;
        i += verb->object ? 2 : 1;
    }
    if (i > word_count)
        return; /* a name comes next */
    if (i == word_count)
        for (const struct verb *each = verbs; each && each->word; each++)
            visit(each->word, each->text, context);
    if (verb && verb->form)
        visit_form(verb->form, word_count - i, words + i, &v);
}
