/* From definitions to a compiled set. */
#include "engine/scan/rules.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/scan/hash.h"
#include "engine/scan/rule_literals.h"
#include "engine/scan/rule_set.h"

/* Far above what sensible expressions need on a window, and little in time. */
enum { MATCH_LIMIT = 20000, DEPTH_LIMIT = 500, HEAP_LIMIT_KIB = 1024, FEATURE_SEED = 0x72756c65 };

struct builder {
    struct scan_rules *rules;
    struct scan_rule_complaints *complaints;
    pcre2_compile_context *context;
};

static int32_t find_rule(const void *context, struct span name)
{
    const struct scan_rules *rules = context;
    for (size_t i = 0; i < rules->count; i++)
        if (span_equal(rules->items[i].info.name, name))
            return (int32_t)i;
    return -1;
}

/* Escapes whose meaning would be the window's begin or end, which are nothing that a rule could know of. */
static bool has_window_escape(struct span expression, size_t *at)
{
    for (size_t i = 0; i + 1 < expression.n; i++) {
        if (expression.p[i] != '\\')
            continue;
        if (memchr("AZzGKQ", expression.p[i + 1], 6)) {
            *at = i;
            return true;
        }
        i++;
    }
    return false;
}

static pcre2_code *compile_expression(const struct builder *b, const struct rule_definition *d)
{
    struct rule_place place = d->expression_place;
    size_t at = 0;
    if (has_window_escape(d->expression, &at)) {
        place.column += (unsigned)at;
        rule_complain(b->complaints, place,
                      "\\%c has no meaning in a rule; ^ and $ stand for begin and end of a line",
                      d->expression.p[at + 1]);
        return NULL;
    }
    if (span_equal(span_slice(d->expression, 0, 2), SPAN("(*"))) {
        rule_complain(b->complaints, place,
                      "an expression may not change how it is matched: leave out (*...)");
        return NULL;
    }
    uint32_t options = PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
    options |= (d->caseless ? PCRE2_CASELESS : 0) | (d->dot_all ? PCRE2_DOTALL : 0);
    int number;
    PCRE2_SIZE offset;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)d->expression.p, d->expression.n, options, &number, &offset, b->context);
    if (code) {
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without, it is interpreted within the same limits */
        return code;
    }
    PCRE2_UCHAR text[256];
    pcre2_get_error_message(number, text, sizeof text);
    place.column += (unsigned)offset;
    rule_complain(b->complaints, place, "the expression is wrong: %s", (const char *)text);
    return NULL;
}

/* The index of the text that the definition is about; RULE_TEXTS_MAX after a complaint. */
static unsigned text_of(const struct builder *b, const struct rule_definition *d)
{
    struct scan_rules *rules = b->rules;
    if (d->scope != RULE_HEADER)
        return d->scope;
    size_t i = 0;
    while (i < rules->header_count && !span_equal_nocase(rules->headers[i], d->header))
        i++;
    if (i == RULE_HEADERS_MAX) {
        rule_complain(b->complaints, d->scope_place,
                      "rules may look at %d different headers, and this is one more", RULE_HEADERS_MAX);
        return RULE_TEXTS_MAX;
    }
    if (i == rules->header_count)
        rules->headers[rules->header_count++] = d->header;
    return RULE_SCOPES + (unsigned)i;
}

static void add_literals(struct builder *b, struct rule *rule, const struct rule_definition *d,
                         uint16_t index)
{
    struct scan_rules *rules = b->rules;
    struct rule_literals found;
    rule_literals_find(d->expression, &found);
    rule->info.literal = found.count > 0;
    if (!found.count)
        rules->unfiltered[rules->unfiltered_count++] = index;
    struct rule_text_literals *all = &rules->literals[rule->text];
    size_t count = all->count + found.count;
    all->literals = xreallocarray(all->literals, count + 1, sizeof *all->literals);
    all->rules = xreallocarray(all->rules, count + 1, sizeof *all->rules);
    for (size_t i = 0; i < found.count; i++) {
        all->rules[all->count] = index;
        all->literals[all->count++] =
            arena_dup(rules->arena, span_of(found.items[i].text, found.items[i].size));
    }
}

static bool compile_meta(struct builder *b, struct rule *rule, const struct rule_definition *d)
{
    struct rule_program *program = arena_alloc(b->rules->arena, sizeof *program);
    rule->info.meta = rule->info.literal = true;
    rule->program = program;
    return rule_meta_compile(d, find_rule, b->rules, program, b->complaints);
}

static bool compile_pattern(struct builder *b, struct rule *rule, const struct rule_definition *d)
{
    rule->text = text_of(b, d);
    if (rule->text == RULE_TEXTS_MAX || !(rule->code = compile_expression(b, d)))
        return false;
    b->rules->text_used[rule->text] = true;
    add_literals(b, rule, d, (uint16_t)b->rules->count);
    return true;
}

static void add_rule(struct builder *b, const struct rule_definition *d)
{
    struct scan_rules *rules = b->rules;
    int32_t twin = find_rule(rules, d->name);
    if (twin >= 0) {
        rule_complain(b->complaints, d->place, "a rule of this name is in %s line %u already",
                      rules->items[twin].info.file, rules->items[twin].info.line);
        return;
    }
    struct rule rule = {.info = {.name = d->name,
                                 .about = d->about,
                                 .file = d->place.file,
                                 .line = d->place.line,
                                 .tags = d->tags,
                                 .points = d->points,
                                 .part = d->part,
                                 .feature = scan_hash_bytes(FEATURE_SEED, d->name)}};
    if (d->when_place.line ? compile_meta(b, &rule, d) : compile_pattern(b, &rule, d))
        rules->items[rules->count++] = rule;
}

static struct scan_rules *rules_new(struct arena *arena)
{
    struct scan_rules *rules = xcalloc(1, sizeof *rules);
    rules->arena = arena;
    rules->limits = pcre2_match_context_create(NULL);
    if (!rules->limits)
        abort();
    pcre2_set_match_limit(rules->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(rules->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(rules->limits, HEAP_LIMIT_KIB);
    return rules;
}

static void build_searches(struct scan_rules *rules)
{
    for (size_t i = 0; i < RULE_TEXTS_MAX; i++) {
        struct rule_text_literals *of_text = &rules->literals[i];
        if (of_text->count)
            of_text->search = literal_search_new(of_text->literals, of_text->count);
    }
}

struct scan_rules *scan_rules_compile(const struct rule_definitions *definitions, struct arena *arena,
                                      struct scan_rule_complaints *complaints)
{
    struct builder b = {.rules = rules_new(arena), .complaints = complaints};
    b.context = pcre2_compile_context_create(NULL);
    if (!b.context)
        abort();
    pcre2_set_newline(b.context, PCRE2_NEWLINE_ANYCRLF);
    b.rules->items = xcalloc(definitions->count + 1, sizeof *b.rules->items);
    b.rules->unfiltered = xcalloc(definitions->count + 1, sizeof *b.rules->unfiltered);
    for (size_t i = 0; i < definitions->count && i < SCAN_RULES_MAX; i++)
        add_rule(&b, &definitions->items[i]);
    if (definitions->count > SCAN_RULES_MAX)
        rule_complain(complaints, definitions->items[SCAN_RULES_MAX].place, "a set has at most %d rules",
                      SCAN_RULES_MAX);
    build_searches(b.rules);
    pcre2_compile_context_free(b.context);
    if (complaints->count == 0)
        return b.rules;
    scan_rules_free(b.rules);
    return NULL;
}

void scan_rules_free(struct scan_rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; i < rules->count; i++)
        pcre2_code_free(rules->items[i].code);
    for (size_t i = 0; i < RULE_TEXTS_MAX; i++) {
        literal_search_free(rules->literals[i].search);
        free(rules->literals[i].literals);
        free(rules->literals[i].rules);
    }
    pcre2_match_context_free(rules->limits);
    known_senders_free(rules->known);
    free(rules->items);
    free(rules->unfiltered);
    arena_free(rules->arena);
    free(rules);
}

size_t scan_rules_count(const struct scan_rules *rules)
{
    return rules ? rules->count : 0;
}

void scan_rules_info(const struct scan_rules *rules, size_t rule, struct scan_rule_info *info)
{
    *info = rules->items[rule].info;
}
