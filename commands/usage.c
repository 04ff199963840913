/* How a command is called, read from its tables. */
#include "commands/command.h"
#include "commands/levels.h"

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
    if (command_shared_tables(command))
        buf_printf(out, "  %s clusterset|clustershow ...   (in a cluster: help clustermode)\n",
                   command->name);
    buf_free(&head);
}
