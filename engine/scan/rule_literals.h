/* Which literals must be in every text that an expression matches? */
#ifndef SCAN_RULE_LITERALS_H
#define SCAN_RULE_LITERALS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/span.h"

enum { RULE_LITERAL_LEAST = 3, RULE_LITERAL_MOST = 16, RULE_LITERALS_MAX = 32 };

struct rule_literal {
    uint8_t size;
    char text[RULE_LITERAL_MOST]; /* ASCII letters are small; a blank stands for a run of white space */
};

/* At least one of them is, case and the size of blanks aside, in whatever matches. */
struct rule_literals {
    size_t count; /* 0: nothing is known */
    struct rule_literal items[RULE_LITERALS_MAX];
};

/* Of all sets that are required, the one that mail is least likely to hold.  What the analysis does not know for sure
 * gives an empty set, which is never wrong. */
void rule_literals_find(struct span expression, struct rule_literals *literals);

#endif
