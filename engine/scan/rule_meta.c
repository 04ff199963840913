/* Two stacks instead of recursion (Dijkstra's shunting yard): not binds most tightly, then and, then or. */
#include "engine/scan/rule_meta.h"

#include "engine/base/nearest.h"

enum { OPEN = -4 };

struct compiler {
    const struct rule_definition *d;
    struct rule_program *out;
    struct scan_rule_complaints *complaints;
    rule_lookup *lookup;
    const void *context;
    size_t at;
    int32_t stack[RULE_META_MOST];
    size_t depth;
    bool operand; /* what comes next must be one */
};

static bool complain(const struct compiler *c, size_t at, const char *text)
{
    struct rule_place place = c->d->when_place;
    place.column += (unsigned)at;
    rule_complain(c->complaints, place, "%s", text);
    return false;
}

static struct span next_token(struct compiler *c, size_t *begin)
{
    struct span s = c->d->when;
    while (c->at < s.n && (s.p[c->at] == ' ' || s.p[c->at] == '\t'))
        c->at++;
    *begin = c->at;
    if (c->at < s.n && (s.p[c->at] == '(' || s.p[c->at] == ')'))
        c->at++;
    else
        while (c->at < s.n && s.p[c->at] != ' ' && s.p[c->at] != '\t' && s.p[c->at] != '(' &&
               s.p[c->at] != ')')
            c->at++;
    return span_slice(s, *begin, c->at - *begin);
}

static void emit_top(struct compiler *c)
{
    c->out->steps[c->out->count++] = c->stack[--c->depth];
}

/* OPEN is below everything, and a greater operation (less negative) waits for a smaller one. */
static void push_operation(struct compiler *c, enum rule_operation operation)
{
    static const int strength[] = {[-RULE_AND] = 2, [-RULE_OR] = 1, [-RULE_NOT] = 3, [-OPEN] = 0};
    while (operation != RULE_NOT && c->depth && strength[-c->stack[c->depth - 1]] >= strength[-operation])
        emit_top(c);
    c->stack[c->depth++] = operation;
}

static bool close_parenthesis(struct compiler *c, size_t begin)
{
    while (c->depth && c->stack[c->depth - 1] != OPEN)
        emit_top(c);
    if (!c->depth)
        return complain(c, begin, "this parenthesis was not opened");
    c->depth--;
    return true;
}

static bool take_operand(struct compiler *c, struct span token, size_t begin)
{
    if (span_equal(token, SPAN("not"))) {
        push_operation(c, RULE_NOT);
    } else if (span_equal(token, SPAN("("))) {
        c->stack[c->depth++] = OPEN;
    } else if (span_equal(token, SPAN(")")) || span_equal(token, SPAN("and")) ||
               span_equal(token, SPAN("or"))) {
        return complain(c, begin, "the name of a rule, `not` or `(` must stand here");
    } else {
        int32_t rule = c->lookup(c->context, token);
        if (rule < 0)
            return complain(c, begin, "no rule above has this name; a rule is defined before it is used");
        c->out->steps[c->out->count++] = rule;
        c->operand = false;
    }
    return true;
}

static bool take_operation(struct compiler *c, struct span token, size_t begin)
{
    if (span_equal(token, SPAN(")")))
        return close_parenthesis(c, begin);
    bool is_and = span_equal(token, SPAN("and"));
    if (!is_and && !span_equal(token, SPAN("or")))
        return complain(c, begin, "`and`, `or` or `)` must stand here");
    push_operation(c, is_and ? RULE_AND : RULE_OR);
    c->operand = true;
    return true;
}

bool rule_meta_compile(const struct rule_definition *d, rule_lookup *lookup, const void *context,
                       struct rule_program *program, struct scan_rule_complaints *complaints)
{
    struct compiler c = {d, program, complaints, lookup, context, .operand = true};
    program->count = 0;
    size_t begin;
    unsigned tokens = 0;
    for (struct span token = next_token(&c, &begin); token.n; token = next_token(&c, &begin)) {
        if (++tokens > RULE_META_MOST)
            return complain(&c, begin, "too long: divide it with the help of `part` rules");
        if (!(c.operand ? take_operand(&c, token, begin) : take_operation(&c, token, begin)))
            return false;
    }
    if (c.operand)
        return complain(&c, d->when.n, "the name of a rule must follow");
    while (c.depth && c.stack[c.depth - 1] != OPEN)
        emit_top(&c);
    return c.depth == 0 || complain(&c, d->when.n, "a parenthesis is not closed");
}

bool rule_meta_holds(const struct rule_program *program, const uint8_t *hit)
{
    bool stack[RULE_META_MOST];
    size_t depth = 0;
    for (uint32_t i = 0; i < program->count; i++) {
        int32_t step = program->steps[i];
        if (step >= 0) {
            stack[depth++] = hit[step];
        } else if (step == RULE_NOT) {
            stack[depth - 1] = !stack[depth - 1];
        } else {
            depth--;
            stack[depth - 1] =
                step == RULE_AND ? stack[depth - 1] && stack[depth] : stack[depth - 1] || stack[depth];
        }
    }
    return stack[0];
}
