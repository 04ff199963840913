/* Building and running the automaton. */
#include "engine/scan/literal_search.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

#define NONE UINT32_MAX
#define ENDS_HERE (UINT32_C(1) << 31) /* in a transition: some literal ends in the state it leads to */

enum { FEW = 3 }; /* bytes that begin a literal: then most of a text is skipped, three times as fast */

struct literal_search {
    uint8_t class_of[256]; /* 0: in no literal */
    uint32_t classes;
    uint32_t states, capacity;
    uint32_t *next;       /* while it is built: [state * classes + class]; then: [column[byte] + state] */
    uint32_t column[256]; /* by byte */
    uint32_t *output;     /* by state: the first literal that ends there, or NONE */
    uint32_t *same;       /* by literal: another with the same text, or NONE */
    uint32_t *shorter;    /* by state: the nearest state below by suffix that has an output, or NONE */
    bool skips;           /* few bytes begin a literal: worth a loop of its own over those that do not */
};

static void assign_classes(struct literal_search *s, const struct span *literals, size_t count)
{
    s->classes = 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < literals[i].n; k++) {
            unsigned char c = (unsigned char)ascii_lower(literals[i].p[k]);
            if (!s->class_of[c])
                s->class_of[c] = (uint8_t)s->classes++;
        }
    }
    for (unsigned char c = 'A'; c <= 'Z'; c++)
        s->class_of[c] = s->class_of[c + 'a' - 'A'];
    for (unsigned char c = '\t'; c <= '\r'; c++)
        s->class_of[c] = s->class_of[' '];
}

static uint32_t add_state(struct literal_search *s)
{
    if (s->states == s->capacity) {
        s->capacity *= 2;
        s->next = xreallocarray(s->next, (size_t)s->capacity * s->classes, sizeof *s->next);
        s->output = xreallocarray(s->output, s->capacity, sizeof *s->output);
        s->shorter = xreallocarray(s->shorter, s->capacity, sizeof *s->shorter);
    }
    uint32_t state = s->states++;
    for (uint32_t c = 0; c < s->classes; c++)
        s->next[state * s->classes + c] = NONE;
    s->output[state] = s->shorter[state] = NONE;
    return state;
}

/* The state that byte c leads to, a new one if there is none. */
static uint32_t child_of(struct literal_search *s, uint32_t state, char c)
{
    uint8_t class = s->class_of[(unsigned char)c];
    size_t slot = (size_t)state * s->classes + class;
    if (s->next[slot] == NONE) {
        uint32_t fresh = add_state(s); /* may move the table */
        s->next[slot] = fresh;
        if (class == s->class_of[' ']) /* so that a run of them is one */
            s->next[(size_t)fresh * s->classes + class] = fresh;
    }
    return s->next[slot];
}

/* All first bytes, all second ones, and so on: states are numbered by their depth, so those where the search mostly is
 * lie side by side. */
static void add_literals(struct literal_search *s, const struct span *literals, size_t count)
{
    uint32_t *state = xcalloc(count + 1, sizeof *state);
    size_t longest = 0;
    for (size_t depth = 0; depth <= longest; depth++) {
        for (size_t i = 0; i < count; i++) {
            longest = literals[i].n > longest ? literals[i].n : longest;
            if (depth < literals[i].n)
                state[i] = child_of(s, state[i], literals[i].p[depth]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        s->same[i] = s->output[state[i]];
        s->output[state[i]] = (uint32_t)i;
    }
    free(state);
}

/* By depth: suffix links, and every missing transition filled in from them. */
static void complete(struct literal_search *s)
{
    uint32_t *suffix = xcalloc(s->states, sizeof *suffix);
    for (uint32_t state = 0; state < s->states; state++) {
        for (uint32_t c = 0; c < s->classes; c++) {
            uint32_t *slot = &s->next[(size_t)state * s->classes + c];
            uint32_t fallback = state ? s->next[(size_t)suffix[state] * s->classes + c] : 0;
            if (*slot == NONE) {
                *slot = fallback;
            } else if (*slot != state) {
                suffix[*slot] = fallback;
                s->shorter[*slot] = s->output[fallback] != NONE ? fallback : s->shorter[fallback];
            }
        }
    }
    free(suffix);
}

/* Turns the table: a column for each class.  Most steps are among the first few hundred states and a dozen classes,
 * which then are 20 KB and stay in the cache nearest to the processor.  States where something ends are marked. */
static void finish_table(struct literal_search *s)
{
    uint32_t *table = xcalloc((size_t)s->states * s->classes, sizeof *table);
    for (uint32_t state = 0; state < s->states; state++) {
        for (uint32_t c = 0; c < s->classes; c++) {
            uint32_t to = s->next[(size_t)state * s->classes + c];
            bool ends = s->output[to] != NONE || s->shorter[to] != NONE;
            table[(size_t)c * s->states + state] = to | (ends ? ENDS_HERE : 0);
        }
    }
    uint32_t begins = 0;
    for (uint32_t c = 0; c < s->classes; c++)
        begins += s->next[c] != 0;
    s->skips = begins <= FEW;
    for (size_t byte = 0; byte < 256; byte++)
        s->column[byte] = s->class_of[byte] * s->states;
    free(s->next);
    s->next = table;
}

struct literal_search *literal_search_new(const struct span *literals, size_t count)
{
    struct literal_search *s = xcalloc(1, sizeof *s);
    assign_classes(s, literals, count);
    s->capacity = 64;
    s->next = xreallocarray(NULL, (size_t)s->capacity * s->classes, sizeof *s->next);
    s->output = xreallocarray(NULL, s->capacity, sizeof *s->output);
    s->shorter = xreallocarray(NULL, s->capacity, sizeof *s->shorter);
    s->same = xreallocarray(NULL, count + 1, sizeof *s->same);
    add_state(s);
    add_literals(s, literals, count);
    complete(s);
    finish_table(s);
    return s;
}

void literal_search_free(struct literal_search *s)
{
    if (!s)
        return;
    free(s->next);
    free(s->output);
    free(s->shorter);
    free(s->same);
    free(s);
}

static bool report(const struct literal_search *s, uint32_t state, size_t end, literal_search_found *found,
                   void *context)
{
    if (s->output[state] == NONE)
        state = s->shorter[state];
    for (; state != NONE; state = s->shorter[state])
        for (uint32_t literal = s->output[state]; literal != NONE; literal = s->same[literal])
            if (!found(context, literal, end))
                return false;
    return true;
}

/* The next byte from i on that begins a literal, or the end. */
static size_t skip(const struct literal_search *s, struct span text, size_t i)
{
    while (i < text.n && s->next[s->column[(unsigned char)text.p[i]]] == 0)
        i++;
    return i;
}

void literal_search_run(const struct literal_search *s, struct span text, literal_search_found *found,
                        void *context)
{
    uint32_t state = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (s->skips && state == 0 && (i = skip(s, text, i)) == text.n)
            return;
        state = s->next[s->column[(unsigned char)text.p[i]] + state];
        if (state & ENDS_HERE) {
            state &= ~ENDS_HERE;
            if (!report(s, state, i + 1, found, context))
                return;
        }
    }
}
