/* `when` of the rule language: names of rules joined by and, or, not and parentheses. */
#ifndef SCAN_RULE_META_H
#define SCAN_RULE_META_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/scan/rule_text.h"

enum { RULE_META_MOST = 64 }; /* steps of one expression */

/* In postfix order: the index of a rule, or an operation. */
enum rule_operation { RULE_AND = -1, RULE_OR = -2, RULE_NOT = -3 };

struct rule_program {
    uint32_t count;
    int32_t steps[RULE_META_MOST];
};

/* The index of the rule of that name, or -1. */
typedef int32_t rule_lookup(const void *context, struct span name);

/* False after a complaint. */
bool rule_meta_compile(const struct rule_definition *d, rule_lookup *lookup, const void *context,
                       struct rule_program *program, struct scan_rule_complaints *complaints);
/* hit[i] tells whether rule i did. */
bool rule_meta_holds(const struct rule_program *program, const uint8_t *hit);

#endif
