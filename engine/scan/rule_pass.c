/* One message past all rules.
 *
 * An expression sees windows of a text, never more: PCRE2's limits count steps of backtracking, not time, and one
 * token of 256 KiB makes a harmless expression quadratic.  A window is small enough for the square, too; how many
 * there are is bounded by rule and text, and the budget is asked before each.
 */
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/scan/rule_literals.h"
#include "engine/scan/rule_scopes.h"
#include "engine/scan/rule_set.h"

enum {
    WINDOW = 4096,
    REACH = 1024, /* a match that extends so far from its literal, or from where it begins, is found */
    BEFORE = REACH + RULE_LITERAL_MOST, /* the end of a literal */
    WINDOWS_MOST = 16,                  /* near literals: by rule and text */
    UNFILTERED = 16 * 1024,             /* bytes of a text that a rule without a literal sees */
};

/* A rule on its way through its text.  A window waits while further literals fall into it. */
struct progress {
    size_t begin, end; /* of the window that waits; end 0: none does */
    uint8_t windows;   /* begun */
    bool never;        /* not asked at all */
};

struct pass {
    const struct scan_rules *rules;
    const struct mime_budget *budget;
    const struct scan_rule_watch *watch;
    pcre2_match_data *match;
    struct span text;
    const struct rule_text_literals *literals; /* that are looked for in it */
    uint8_t *hit;                              /* by rule */
    struct progress *progress;                 /* by rule */
    uint16_t *begun;                           /* rules of the text that have begun a window */
    size_t begun_count;
    bool partial, over;
    struct span limited;
};

static bool is_about_graymail(const struct rule *rule)
{
    return rule->info.tags & SCAN_TAGS_OF_GRAYMAIL;
}

static bool is_over(struct pass *p)
{
    if (!p->over && p->budget && p->budget->expired(p->budget->context))
        p->over = p->partial = true;
    return p->over;
}

/* Does the expression match in text[begin..end)? */
static bool matches(struct pass *p, const struct rule *rule, size_t begin, size_t end)
{
    const char *text = p->text.p;
    uint32_t options = 0;
    if (begin > 0 && text[begin - 1] != '\n')
        options |= PCRE2_NOTBOL;
    if (end < p->text.n && text[end] != '\n')
        options |= PCRE2_NOTEOL;
    int result = pcre2_match(rule->code, (PCRE2_SPTR)text + begin, end - begin, 0, options, p->match,
                             p->rules->limits);
    if (result >= 0 || result == PCRE2_ERROR_NOMATCH)
        return result >= 0;
    p->partial = true;
    if (p->limited.n == 0)
        p->limited = rule->info.name;
    return false;
}

static void try_window(struct pass *p, uint32_t index, size_t begin, size_t end)
{
    const struct rule *rule = &p->rules->items[index];
    const struct scan_rule_watch *watch = p->watch;
    if (is_over(p))
        return;
    if (watch && watch->enter)
        watch->enter(watch->context, rule->info.name);
    int64_t start = watch && watch->cpu_us ? clock_cpu_us() : 0;
    p->hit[index] = matches(p, rule, begin, end);
    if (watch && watch->cpu_us)
        watch->cpu_us[index] += clock_cpu_us() - start;
}

static void try_waiting(struct pass *p, uint32_t index)
{
    struct progress *at = &p->progress[index];
    if (at->end && !p->hit[index])
        try_window(p, index, at->begin, at->end);
    at->end = 0;
}

/* As much of the text as a match with this literal may be in: near others it goes into the same window. */
static bool on_literal(void *context, uint32_t literal, size_t literal_end)
{
    struct pass *p = context;
    uint32_t index = p->literals->rules[literal];
    struct progress *at = &p->progress[index];
    size_t begin = literal_end > BEFORE ? literal_end - BEFORE : 0;
    size_t end = p->text.n - literal_end > REACH ? literal_end + REACH : p->text.n;
    if (at->never || p->hit[index])
        return true;
    if (at->end && end - at->begin <= WINDOW) {
        at->end = end;
        return true;
    }
    try_waiting(p, index);
    if (at->windows == 0)
        p->begun[p->begun_count++] = (uint16_t)index;
    if (at->windows < WINDOWS_MOST)
        *at = (struct progress){.begin = begin, .end = end, .windows = (uint8_t)(at->windows + 1)};
    return !p->over;
}

static void try_unfiltered(struct pass *p, uint32_t index)
{
    size_t size = p->text.n < UNFILTERED ? p->text.n : UNFILTERED;
    for (size_t begin = 0; begin < size && !p->progress[index].never && !p->hit[index] && !p->over;
         begin += WINDOW - REACH) {
        try_window(p, index, begin, p->text.n - begin > WINDOW ? begin + WINDOW : p->text.n);
        if (size - begin <= WINDOW)
            return;
    }
}

static void run_text(struct pass *p, unsigned id, struct span text)
{
    p->text = text;
    p->literals = &p->rules->literals[id];
    if (text.n == 0 || p->over)
        return;
    if (p->literals->search)
        literal_search_run(p->literals->search, text, on_literal, p);
    while (p->begun_count)
        try_waiting(p, p->begun[--p->begun_count]);
    for (size_t i = 0; i < p->rules->unfiltered_count; i++)
        if (p->rules->items[p->rules->unfiltered[i]].text == id)
            try_unfiltered(p, p->rules->unfiltered[i]);
}

static void report(const struct rule *rule, uint16_t index, struct scan_hits *hits)
{
    uint16_t *list = is_about_graymail(rule) ? hits->graymail : hits->rules;
    uint32_t *count = is_about_graymail(rule) ? &hits->graymail_count : &hits->count;
    if (!rule->info.part && *count < SCAN_HITS_MAX)
        list[(*count)++] = index;
}

/* Meta rules come after all that they name. */
static void settle(struct pass *p, struct scan_hits *hits)
{
    for (size_t i = 0; i < p->rules->count; i++) {
        const struct rule *rule = &p->rules->items[i];
        if (p->progress[i].never)
            continue;
        if (rule->program)
            p->hit[i] = rule_meta_holds(rule->program, p->hit);
        if (p->hit[i] && p->watch && p->watch->hit)
            p->watch->hit[i] = 1;
        if (p->hit[i])
            report(rule, (uint16_t)i, hits);
    }
    hits->partial = p->partial;
    hits->limited = p->limited;
}

void scan_rules_run(const struct scan_rules *rules, const struct scan_rule_input *input,
                    const struct mime_budget *budget, const struct scan_rule_watch *watch,
                    struct arena *arena, struct scan_hits *hits)
{
    *hits = (struct scan_hits){0};
    if (!rules || !rules->count)
        return;
    struct span texts[RULE_TEXTS_MAX];
    rule_scopes_make(rules, input, arena, texts);
    struct pass p = {
        .rules = rules,
        .budget = budget,
        .watch = watch,
        .match = pcre2_match_data_create(1, NULL),
        .hit = arena_calloc(arena, rules->count, 1),
        .progress = arena_calloc(arena, rules->count, sizeof *p.progress),
        .begun = arena_alloc(arena, rules->count * sizeof *p.begun),
    };
    if (!p.match)
        abort();
    for (size_t i = 0; i < rules->count; i++)
        if (!input->graymail && is_about_graymail(&rules->items[i]))
            p.progress[i].never = true;
    for (unsigned i = 0; i < RULE_SCOPES + rules->header_count; i++)
        run_text(&p, i, texts[i]);
    pcre2_match_data_free(p.match);
    settle(&p, hits);
}
