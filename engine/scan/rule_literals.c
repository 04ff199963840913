/* A walk over the expression without recursion: a frame for each open group.
 *
 * A sequence requires each of its runs of plain characters, and each group that may not be left out; the rarest of
 * them is its literal set.  A group requires one of its alternatives, so its set is all of theirs together.
 */
#include "engine/scan/rule_literals.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/xalloc.h"

enum { DEPTH_MAX = 16 };

struct frame {
    struct rule_literals best; /* of the alternative at work */
    struct rule_literals all;  /* of the alternatives before */
    bool open_alternative;     /* one of those has none */
    bool assertion;            /* looks ahead or behind: requires nothing here */
};

struct walk {
    struct span text;
    size_t at;
    size_t depth;
    struct rule_literal run; /* plain characters side by side */
    struct frame frames[DEPTH_MAX];
};

/* About how rare a byte is in mail, in bits. */
static unsigned bits_of(char c)
{
    static const unsigned char letters[26] = {4, 6, 5, 5,  3, 6, 6, 5, 4, 9, 7, 5, 5,
                                              4, 4, 6, 10, 4, 4, 4, 5, 7, 6, 9, 6, 10};
    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    return c == ' ' ? 1 : 7; /* as most words have one behind them */
}

static unsigned rarity(const struct rule_literal *literal)
{
    unsigned bits = 0;
    for (size_t i = 0; i < literal->size; i++)
        bits += bits_of(literal->text[i]);
    return bits;
}

/* A set is as rare as the most frequent of its literals, and a little less for each one more. */
static int rarity_of_set(const struct rule_literals *set)
{
    int least = set->count ? 1000 : 0;
    for (size_t i = 0; i < set->count; i++) {
        int bits = (int)rarity(&set->items[i]);
        least = bits < least ? bits : least;
    }
    return least - (int)set->count / 4;
}

static void take_if_rarer(struct rule_literals *best, const struct rule_literals *set)
{
    if (set->count && (best->count == 0 || rarity_of_set(set) > rarity_of_set(best)))
        *best = *set;
}

/* The run of plain characters is over. */
static void end_run(struct walk *w)
{
    if (w->run.size >= RULE_LITERAL_LEAST) {
        struct rule_literals set = {.count = 1, .items = {w->run}};
        take_if_rarer(&w->frames[w->depth].best, &set);
    }
    w->run.size = 0;
}

static void add_to_run(struct walk *w, char c)
{
    if (w->run.size == RULE_LITERAL_MOST)
        end_run(w);
    w->run.text[w->run.size++] = ascii_lower(c);
}

/* One blank or more: the search takes a run of them as one, so what is round them stays side by side. */
static void add_blank(struct walk *w)
{
    if (w->run.size == 0 || w->run.text[w->run.size - 1] != ' ')
        add_to_run(w, ' ');
}

/* The alternative at work is over. */
static void end_alternative(struct walk *w)
{
    end_run(w);
    struct frame *f = &w->frames[w->depth];
    if (f->best.count == 0 || f->all.count + f->best.count > RULE_LITERALS_MAX) {
        f->open_alternative = true;
    } else {
        memcpy(f->all.items + f->all.count, f->best.items, f->best.count * sizeof f->best.items[0]);
        f->all.count += f->best.count;
    }
    f->best.count = 0;
}

static char peek(const struct walk *w, size_t ahead)
{
    return w->at + ahead < w->text.n ? w->text.p[w->at + ahead] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* {n}, {n,} or {n,m} at the cursor: its length, else 0; *least becomes n. */
static size_t braces(const struct walk *w, size_t *least)
{
    size_t n = 1;
    if (peek(w, 0) != '{' || !is_digit(peek(w, 1)))
        return 0;
    for (*least = 0; is_digit(peek(w, n)); n++)
        *least |= (size_t)(peek(w, n) - '0'); /* zero or not is all that matters */
    if (peek(w, n) == ',')
        for (n++; is_digit(peek(w, n)); n++)
            continue;
    return peek(w, n) == '}' ? n + 1 : 0;
}

enum times { ONCE, AT_LEAST_ONCE, MAYBE };

/* Takes the quantifier behind an item, if there is one. */
static enum times take_quantifier(struct walk *w)
{
    size_t least = 0, size = braces(w, &least);
    char c = peek(w, 0);
    if (!size && c != '?' && c != '*' && c != '+')
        return ONCE;
    enum times times = (size ? least == 0 : c != '+') ? MAYBE : AT_LEAST_ONCE;
    w->at += size ? size : 1;
    if (peek(w, 0) == '?' || peek(w, 0) == '+')
        w->at++;
    return times;
}

static void take_blank(struct walk *w)
{
    if (take_quantifier(w) == MAYBE)
        end_run(w);
    else
        add_blank(w);
}

static void take_plain(struct walk *w, char c)
{
    if (c == ' ') {
        take_blank(w);
        return;
    }
    enum times times = take_quantifier(w);
    if (times != MAYBE)
        add_to_run(w, c);
    if (times != ONCE)
        end_run(w);
}

/* Something that is one or more unknown characters. */
static void take_unknown(struct walk *w)
{
    end_run(w);
    take_quantifier(w);
}

/* The cursor is behind a backslash.  False for what is not known. */
static bool take_escape(struct walk *w)
{
    char c = peek(w, 0);
    w->at++;
    if (c != '\0' && strchr("bB", c))
        return take_quantifier(w) == ONCE; /* has no width: what is round it stays side by side */
    if (c == 's') {
        take_blank(w);
        return true;
    }
    if (c != '\0' && strchr("dDwWShHvVRntrfae", c)) {
        take_unknown(w);
        return true;
    }
    if (c <= ' ' || c >= 0x7f || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return false;
    take_plain(w, c);
    return true;
}

/* The size of "[:name:]" at the cursor, or that of the bracket alone. */
static size_t named_class(const struct walk *w)
{
    size_t n = peek(w, 2) == '^' ? 3 : 2;
    while (peek(w, n) >= 'a' && peek(w, n) <= 'z')
        n++;
    return peek(w, n) == ':' && peek(w, n + 1) == ']' ? n + 2 : 1;
}

/* The cursor is behind a bracket. */
static bool take_class(struct walk *w)
{
    if (peek(w, 0) == '^')
        w->at++;
    bool first = true;
    for (; w->at < w->text.n && (first || peek(w, 0) != ']'); first = false) {
        char c = peek(w, 0), next = peek(w, 1);
        if (c == '\\' && (next == 'Q' || next == 'E'))
            return false;
        w->at += c == '\\' ? 2 : c == '[' && next == ':' ? named_class(w) : 1;
    }
    if (w->at >= w->text.n)
        return false;
    w->at++;
    take_unknown(w);
    return true;
}

/* What stands behind "(?" of the groups that are known, up to where their content begins. */
static bool begin_group(struct walk *w)
{
    static const struct {
        const char *mark;
        bool assertion;
    } marks[] = {{"?:", false}, {"?>", false}, {"?i:", false}, {"?=", true},
                 {"?!", true},  {"?<=", true}, {"?<!", true}};
    end_run(w);
    if (++w->depth == DEPTH_MAX)
        return false;
    struct frame *f = &w->frames[w->depth];
    f->best.count = f->all.count = 0;
    f->open_alternative = f->assertion = false;
    if (peek(w, 0) != '?')
        return peek(w, 0) != '*';
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct span mark = span_text(marks[i].mark);
        if (span_equal(span_slice(w->text, w->at, mark.n), mark)) {
            w->at += mark.n;
            f->assertion = marks[i].assertion;
            return true;
        }
    }
    return false;
}

static bool end_group(struct walk *w)
{
    if (w->depth == 0)
        return false;
    end_alternative(w);
    const struct frame *f = &w->frames[w->depth--];
    enum times times = take_quantifier(w);
    if (!f->assertion && !f->open_alternative && times != MAYBE)
        take_if_rarer(&w->frames[w->depth].best, &f->all);
    return true;
}

/* One item of the expression; false when it is not known. */
static bool take_item(struct walk *w)
{
    char c = w->text.p[w->at++];
    switch (c) {
    case '(':
        return begin_group(w);
    case ')':
        return end_group(w);
    case '|':
        end_alternative(w);
        return true;
    case '[':
        return take_class(w);
    case '\\':
        return take_escape(w);
    case '.':
        take_unknown(w);
        return true;
    case '^':
    case '$':
        end_run(w);
        return take_quantifier(w) == ONCE;
    case '?':
    case '*':
    case '+':
        return false;
    case '{':
        /* What some releases of PCRE2 read as a quantifier and others as text. */
        return false;
    default:
        take_plain(w, c);
        return true;
    }
}

void rule_literals_find(struct span expression, struct rule_literals *literals)
{
    struct walk *w = xcalloc(1, sizeof *w);
    w->text = expression;
    literals->count = 0;
    bool known = true;
    while (known && w->at < w->text.n)
        known = take_item(w);
    if (known && w->depth == 0) {
        end_alternative(w);
        if (!w->frames[0].open_alternative)
            *literals = w->frames[0].all;
    }
    free(w);
}
