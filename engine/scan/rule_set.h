/* What a compiled set of rules consists of; for the files that build it and run it. */
#ifndef SCAN_RULE_SET_H
#define SCAN_RULE_SET_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "engine/scan/known_senders.h"
#include "engine/scan/literal_search.h"
#include "engine/scan/rule_meta.h"
#include "engine/scan/rule_text.h"

enum {
    RULE_HEADERS_MAX = 64, /* different names in `scope header` */
    /* Texts that rules look at: one for each scope, then one for each header. */
    RULE_TEXTS_MAX = RULE_SCOPES + RULE_HEADERS_MAX,
};

struct rule {
    struct scan_rule_info info;
    unsigned text; /* index of the text that the expression is about */
    pcre2_code *code;
    const struct rule_program *program; /* instead, of a meta rule */
};

/* The literals of all rules about one text.  Each text has a search of its own: what is looked for in the undecoded
 * message, half of all bytes searched, is next to nothing and need not be paid for as the body is. */
struct rule_text_literals {
    struct literal_search *search; /* NULL: no rule about this text has a literal */
    struct span *literals;         /* texts in the arena */
    uint16_t *rules;               /* by literal */
    size_t count;
};

struct scan_rules {
    struct arena *arena; /* texts, names, programs */
    struct rule *items;
    size_t count;
    struct span headers[RULE_HEADERS_MAX];
    size_t header_count;
    bool text_used[RULE_TEXTS_MAX];
    struct rule_text_literals literals[RULE_TEXTS_MAX];
    uint16_t *unfiltered; /* rules without a literal */
    size_t unfiltered_count;
    pcre2_match_context *limits;
    struct known_senders *known;
};

/* Takes over the arena, which holds what the definitions point into.  NULL when there was any complaint, by then or
 * before. */
struct scan_rules *scan_rules_compile(const struct rule_definitions *definitions, struct arena *arena,
                                      struct scan_rule_complaints *complaints);

#endif
