/* The header fields by which this gateway tells what it made of a message. */
#ifndef JUDGE_VERDICT_HEADER_H
#define JUDGE_VERDICT_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"
#include "engine/scan/rules.h"

/* On mail that no worker survived and that is delivered all the same. */
#define JUDGE_UNSCANNABLE_HEADER "X-Mailward-Unscannable"
#define JUDGE_PEER_HEADER "X-Mailward-Peer-" /* and the name of another engine */

/* On mail that a policy scans, and on all mail while graymail detection is on. */
#define JUDGE_PHDR_HEADER "IronPort-PHdr"

/* Whether a field, or its name, is one by which only this gateway may speak. */
bool judge_is_verdict_header(struct span field);

enum { JUDGE_RESULT_RULES_MAX = 32 };

/* What X-IronPort-Anti-Spam-Result tells who has the rules and the model, and nobody else. */
struct judge_result_value {
    uint32_t model; /* scan_model_id() */
    uint8_t features, score, verdict;
    bool partial, test_mark;
    uint32_t rules[JUDGE_RESULT_RULES_MAX]; /* that hit: judge_result_rule() of each */
    uint32_t rule_count;
};

/* How a rule is named there: half of the hash of its name. */
uint32_t judge_result_rule(const struct scan_rule_info *rule);
/* Appends the value; a long one is folded. */
void judge_result_value_put(struct buf *out, const struct judge_result_value *value);
/* Reads one, however it is folded.  False when it is damaged, or of another format. */
bool judge_result_value_get(struct span text, struct judge_result_value *value);

/* The same for IronPort-PHdr. */
struct judge_phdr_value {
    uint8_t graymail; /* enum judge_graymail */
    int16_t points;   /* hundredths */
    uint32_t rules[JUDGE_RESULT_RULES_MAX];
    uint32_t rule_count;
};
void judge_phdr_value_put(struct buf *out, const struct judge_phdr_value *value);
bool judge_phdr_value_get(struct span text, struct judge_phdr_value *value);

#endif
