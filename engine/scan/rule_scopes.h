/* The texts that rules look at: for each scope one, with a line for each value. */
#ifndef SCAN_RULE_SCOPES_H
#define SCAN_RULE_SCOPES_H

#include "engine/scan/rule_set.h"

enum { RULE_RAW_BYTES = 64 * 1024, RULE_VALUES_BYTES = 16 * 1024, RULE_DOMAIN_LINKS = 64 };

/* Makes those that the set uses; texts not used are empty.  Nothing in them is longer than RULE_RAW_BYTES but the body,
 * which is as long as the view's limit. */
void rule_scopes_make(const struct scan_rules *rules, const struct scan_rule_input *input,
                      struct arena *arena, struct span texts[RULE_TEXTS_MAX]);

#endif
