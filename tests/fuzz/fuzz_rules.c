/* Hostile rules over hostile mail: up to the first NUL the input is a file of rules, behind it a message.
 *
 * Whatever compiles has to end on whatever it is run on, with hits that are in order and within the set.
 */
#include <stdlib.h>

#include "engine/scan/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const struct scan_rules *rules, struct span message, struct arena *arena)
{
    struct mime_view view;
    struct scan_hits hits;
    mime_view_build(message, 0, &mime_default_limits, NULL, arena, &view);
    const struct scan_rule_input input = {
        .view = &view, .raw = message, .sender = SPAN("a@a.example"), .graymail = true};
    scan_rules_run(rules, &input, NULL, NULL, arena, &hits);
    for (uint32_t i = 0; i < hits.count; i++)
        if (hits.rules[i] >= scan_rules_count(rules) || (i && hits.rules[i] <= hits.rules[i - 1]))
            abort();
    for (uint32_t i = 0; i < hits.graymail_count; i++)
        if (hits.graymail[i] >= scan_rules_count(rules) || (i && hits.graymail[i] <= hits.graymail[i - 1]))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    struct span all = span_of(data, size);
    struct span text = span_slice(all, 0, span_find(all, '\0'));
    struct scan_rule_complaints complaints = {.tell = NULL};
    struct scan_rules *rules = scan_rules_parse("fuzz", text, &complaints);
    if (rules)
        run(rules, span_slice(all, text.n + 1, size), arena);
    scan_rules_free(rules);
    arena_reset(arena);
    return 0;
}
