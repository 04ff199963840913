/* Building and running the automaton. */
#include "engine/scan/literal_search.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

#define NONE UINT32_MAX
#define ENDS_HERE (UINT32_C(1) << 31) /* in a transition: some literal ends in the state it leads to */

struct literal_search {
    uint8_t class_of[256]; /* 0: in no literal */
    uint32_t classes;
    uint32_t states, capacity;
    uint32_t *next;    /* [state * classes + class]: the next state times classes */
    uint32_t *output;  /* by state: the first literal that ends there, or NONE */
    uint32_t *same;    /* by literal: another with the same text, or NONE */
    uint32_t *shorter; /* by state: the nearest state below by suffix that has an output, or NONE */
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

static void add_literal(struct literal_search *s, struct span literal, uint32_t number)
{
    uint32_t state = 0;
    for (size_t i = 0; i < literal.n; i++) {
        size_t slot = (size_t)state * s->classes + s->class_of[(unsigned char)literal.p[i]];
        if (s->next[slot] == NONE) {
            uint32_t fresh = add_state(s); /* may move the table */
            s->next[slot] = fresh;
        }
        state = s->next[slot];
    }
    s->same[number] = s->output[state];
    s->output[state] = number;
}

/* By breadth: suffix links, and every missing transition filled in from them. */
static void complete(struct literal_search *s)
{
    uint32_t *suffix = xcalloc(s->states, sizeof *suffix);
    uint32_t *queue = xcalloc(s->states, sizeof *queue);
    uint32_t head = 0, tail = 1; /* the root is queue[0] */
    while (head < tail) {
        uint32_t state = queue[head++];
        for (uint32_t c = 0; c < s->classes; c++) {
            uint32_t *slot = &s->next[(size_t)state * s->classes + c];
            uint32_t fallback = state ? s->next[(size_t)suffix[state] * s->classes + c] : 0;
            if (*slot == NONE) {
                *slot = fallback;
                continue;
            }
            suffix[*slot] = fallback;
            s->shorter[*slot] = s->output[fallback] != NONE ? fallback : s->shorter[fallback];
            queue[tail++] = *slot;
        }
    }
    free(suffix);
    free(queue);
}

/* States become row offsets, with the mark of those where something ends. */
static void finish_table(struct literal_search *s)
{
    for (size_t i = 0; i < (size_t)s->states * s->classes; i++) {
        uint32_t to = s->next[i];
        bool ends = s->output[to] != NONE || s->shorter[to] != NONE;
        s->next[i] = to * s->classes | (ends ? ENDS_HERE : 0);
    }
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
    for (size_t i = 0; i < count; i++)
        add_literal(s, literals[i], (uint32_t)i);
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

void literal_search_run(const struct literal_search *s, struct span text, literal_search_found *found,
                        void *context)
{
    uint32_t row = 0;
    for (size_t i = 0; i < text.n; i++) {
        row = s->next[row + s->class_of[(unsigned char)text.p[i]]];
        if (row & ENDS_HERE) {
            row &= ~ENDS_HERE;
            if (!report(s, row / s->classes, i + 1, found, context))
                return;
        }
    }
}
