/* Reading the rule language: one statement a line, each beginning with its keyword. */
#include "engine/scan/rule_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/nearest.h"
#include "engine/base/xalloc.h"

enum { NAME_MAX = 63, LINE_MAX_BYTES = 2048 };

/* One line at work. */
struct line {
    struct rule_place place;
    struct span text; /* from the keyword on */
    size_t at;        /* what of text is read */
};

struct reader {
    struct rule_definitions *out;
    struct scan_rule_complaints *complaints;
    struct rule_definition current;
    bool open;   /* current is begun */
    bool broken; /* and has been complained of: not to be kept */
};

void rule_complain(struct scan_rule_complaints *complaints, struct rule_place place, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    complaints->count++;
    if (complaints->tell)
        complaints->tell(complaints->context, place.file, place.line, place.column, text);
}

static const char *const scope_names[] = {"header",   "subject", "body",  "raw",     "url", "attachment",
                                          "envelope", "facts",   "known", "domains", NULL};
static const char *const tag_names[] = {
    "spam", "phish", "graymail:marketing", "graymail:social", "graymail:bulk", "graymail", NULL};
_Static_assert(sizeof scope_names / sizeof scope_names[0] == RULE_SCOPES + 1, "every scope has its name");

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word; *place is where it begins, or the end of the line. */
static struct span next_word(struct line *line, struct rule_place *place)
{
    while (line->at < line->text.n && is_blank(line->text.p[line->at]))
        line->at++;
    size_t begin = line->at;
    while (line->at < line->text.n && !is_blank(line->text.p[line->at]))
        line->at++;
    *place = line->place;
    place->column += (unsigned)begin;
    return span_slice(line->text, begin, line->at - begin);
}

static struct span rest_of(struct line *line, struct rule_place *place)
{
    next_word(line, place);
    line->at = place->column - line->place.column;
    return span_trim(span_slice(line->text, line->at, line->text.n));
}

/* The index of word in words, or -1 after a complaint that says what would be right. */
static int find_word(struct reader *r, struct span word, struct rule_place place, const char *const *words,
                     const char *what)
{
    for (int i = 0; words[i]; i++)
        if (span_equal(word, span_text(words[i])))
            return i;
    const char *near = nearest_word(word, words);
    char list[256] = "";
    for (size_t i = 0, n = 0; words[i] && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", words[i]);
    rule_complain(r->complaints, place, "unknown %s \"%.*s\"; %s%s%s%s", what,
                  (int)(word.n > 40 ? 40 : word.n), word.p ? word.p : "",
                  near ? "did you mean " : "it is one of ", near ? near : list, near ? "? All: " : "",
                  near ? list : "");
    r->broken = true;
    return -1;
}

static bool is_name(struct span s)
{
    if (s.n == 0 || s.n > NAME_MAX || !(s.p[0] >= 'a' && s.p[0] <= 'z'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'))
            return false;
    return !span_equal(s, SPAN("and")) && !span_equal(s, SPAN("or")) && !span_equal(s, SPAN("not"));
}

static void wrong(struct reader *r, struct rule_place place, const char *text)
{
    rule_complain(r->complaints, place, "%s", text);
    r->broken = true;
}

static void keep(struct reader *r)
{
    struct rule_definitions *out = r->out;
    if (out->count == out->capacity) {
        out->capacity = out->capacity ? 2 * out->capacity : 64;
        out->items = xreallocarray(out->items, out->capacity, sizeof *out->items);
    }
    out->items[out->count++] = r->current;
}

/* Evidence is for one of the two questions: a rule about graymail has points, and no part in the score of spam. */
static void check_question(struct reader *r)
{
    const struct rule_definition *d = &r->current;
    bool graymail = d->tags & SCAN_TAGS_OF_GRAYMAIL;
    if (graymail && d->tags & ~SCAN_TAGS_OF_GRAYMAIL)
        wrong(r, d->place, "is about graymail and about spam: make two rules of it");
    else if (graymail && !d->part && !d->points_place.line)
        wrong(r, d->place, "is about graymail and has no `points`");
    else if (!graymail && d->points_place.line)
        wrong(r, d->place, "has `points`, which are for rules with a graymail tag");
}

/* The rule before the next one, or at the end of the file. */
static void finish(struct reader *r)
{
    const struct rule_definition *d = &r->current;
    if (r->open && !r->broken) {
        if (d->when_place.line && (d->expression_place.line || d->scope_place.line))
            wrong(r, d->place, "has `when` as well as `scope` or `match`: a rule is one or the other");
        else if (!d->when_place.line && !d->expression_place.line)
            wrong(r, d->place, "has neither `match` nor `when`");
        else if (d->expression_place.line && !d->scope_place.line)
            wrong(r, d->place, "has a `match` but no `scope` that says where to look");
        else if (!d->part && d->about.n == 0)
            wrong(r, d->place, "has no `about`: one line that says what a hit means");
        else
            check_question(r);
    }
    if (r->open && !r->broken)
        keep(r);
    r->open = false;
}

static void begin(struct reader *r, struct line *line, bool part)
{
    finish(r);
    struct rule_place place;
    r->current = (struct rule_definition){.part = part};
    r->broken = false;
    r->open = true;
    r->current.name = next_word(line, &place);
    r->current.place = place;
    if (!is_name(r->current.name))
        wrong(r, place,
              "a name is a small letter and up to 62 small letters, digits or _ (and not and, or, not)");
    else if (next_word(line, &place).n)
        wrong(r, place, "nothing may follow the name");
}

/* May this statement set what has that place?  Each stands once. */
static bool take_place(struct reader *r, struct rule_place *have, struct rule_place place)
{
    if (have->line) {
        wrong(r, place, "is there twice in this rule");
        return false;
    }
    *have = place;
    return true;
}

static void read_scope(struct reader *r, struct line *line)
{
    struct rule_place place;
    struct span word = next_word(line, &place);
    int scope = find_word(r, word, place, scope_names, "scope");
    if (scope < 0 || !take_place(r, &r->current.scope_place, place))
        return;
    r->current.scope = (enum rule_scope)scope;
    if (scope == RULE_HEADER) {
        r->current.header = next_word(line, &place);
        if (r->current.header.n == 0 || span_find(r->current.header, ':') < r->current.header.n)
            wrong(r, place, "`scope header` needs the name of a header, without a colon");
    }
    if (next_word(line, &place).n)
        wrong(r, place, "nothing may follow the scope");
}

/* /EXPRESSION/FLAGS: from the first slash to the last one of the line. */
static void read_match(struct reader *r, struct line *line)
{
    struct rule_place place;
    struct span text = rest_of(line, &place);
    size_t end = text.n;
    while (end > 1 && text.p[end - 1] != '/')
        end--;
    if (text.n == 0 || text.p[0] != '/' || end < 3) {
        wrong(r, place, "an expression stands between slashes: /EXPRESSION/ or /EXPRESSION/i");
        return;
    }
    if (!take_place(r, &r->current.expression_place, place))
        return;
    r->current.expression_place.column++;
    r->current.expression = span_slice(text, 1, end - 2);
    for (size_t i = end; i < text.n; i++) {
        place.column = r->current.expression_place.column - 1 + (unsigned)i;
        if (text.p[i] == 'i')
            r->current.caseless = true;
        else if (text.p[i] == 's')
            r->current.dot_all = true;
        else
            wrong(r, place, "unknown flag: i ignores case, s lets . match line ends");
    }
}

static void read_when(struct reader *r, struct line *line)
{
    struct rule_place place;
    struct span text = rest_of(line, &place);
    if (text.n == 0)
        wrong(r, place, "`when` needs names of rules joined by and, or, not and parentheses");
    else if (take_place(r, &r->current.when_place, place))
        r->current.when = text;
}

static void read_tags(struct reader *r, struct line *line)
{
    struct rule_place place;
    struct span word = next_word(line, &place);
    if (word.n == 0)
        wrong(r, place, "`tag` needs a tag");
    for (; word.n; word = next_word(line, &place)) {
        int tag = find_word(r, word, place, tag_names, "tag");
        if (tag >= 0)
            r->current.tags |= 1u << tag;
    }
}

/* "+1.5": a sign, and at most two digits on each side of the point. */
static bool parse_points(struct span word, int32_t *thousandths)
{
    size_t point = span_find(word, '.');
    struct span whole = span_slice(word, 1, point - 1), part = span_slice(word, point + 1, word.n);
    uint64_t units = 0, hundredths = 0;
    bool good = word.n > 1 && (word.p[0] == '+' || word.p[0] == '-') && point > 1 && whole.n <= 2 &&
                span_parse_u64(whole, &units);
    if (good && point < word.n)
        good = part.n >= 1 && part.n <= 2 && span_parse_u64(part, &hundredths);
    if (part.n == 1)
        hundredths *= 10;
    *thousandths = (int32_t)(units * 1000 + hundredths * 10) * (word.n && word.p[0] == '-' ? -1 : 1);
    return good;
}

static void read_points(struct reader *r, struct line *line)
{
    struct rule_place place, after;
    struct span word = next_word(line, &place);
    if (!parse_points(word, &r->current.points) || next_word(line, &after).n)
        wrong(r, place, "points have a sign and at most two digits on each side of the point: +1.5");
    else
        take_place(r, &r->current.points_place, place);
}

static void read_about(struct reader *r, struct line *line)
{
    struct rule_place place;
    r->current.about = rest_of(line, &place);
}

static void read_line(struct reader *r, struct line *line)
{
    enum { RULE, PART, SCOPE, MATCH, WHEN, TAG, POINTS, ABOUT };
    static const char *const keywords[] = {"rule", "part",   "scope", "match", "when",
                                           "tag",  "points", "about", NULL};
    static void (*const readers[])(struct reader *, struct line *) = {
        [SCOPE] = read_scope, [MATCH] = read_match,   [WHEN] = read_when,
        [TAG] = read_tags,    [POINTS] = read_points, [ABOUT] = read_about,
    };
    struct rule_place place;
    struct span word = next_word(line, &place);
    if (word.n == 0 || word.p[0] == '#')
        return;
    int keyword = find_word(r, word, place, keywords, "keyword");
    if (keyword == RULE || keyword == PART)
        begin(r, line, keyword == PART);
    else if (keyword >= 0 && r->open)
        readers[keyword](r, line);
    else if (keyword >= 0)
        rule_complain(r->complaints, place, "stands before the first `rule` or `part`");
}

void rule_text_read(const char *file, struct span text, struct rule_definitions *out,
                    struct scan_rule_complaints *complaints)
{
    struct reader r = {.out = out, .complaints = complaints};
    struct line line = {.place = {file, 0, 1}};
    for (size_t at = 0; at < text.n;) {
        struct span rest = span_slice(text, at, text.n);
        line.text = span_slice(rest, 0, span_find(rest, '\n'));
        line.at = 0;
        line.place.line++;
        at += line.text.n + 1;
        if (line.text.n > LINE_MAX_BYTES || span_find(line.text, '\0') < line.text.n)
            rule_complain(complaints, line.place, "a line is at most %d bytes and holds no NUL",
                          LINE_MAX_BYTES);
        else
            read_line(&r, &line);
    }
    finish(&r);
}
