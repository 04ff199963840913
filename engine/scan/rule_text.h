/* The rule language (doc/rules.md): from lines of text to definitions, with the place of every mistake. */
#ifndef SCAN_RULE_TEXT_H
#define SCAN_RULE_TEXT_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"
#include "engine/scan/rules.h"

enum rule_scope {
    RULE_HEADER,
    RULE_SUBJECT,
    RULE_BODY,
    RULE_RAW,
    RULE_URL,
    RULE_ATTACHMENT,
    RULE_ENVELOPE,
    RULE_FACTS,
    RULE_KNOWN,
    RULE_DOMAINS,
    RULE_SCOPES
};

/* A place in a rule file; line and column count from 1. */
struct rule_place {
    const char *file;
    unsigned line, column;
};

/* One `rule` or `part` as it is written. */
struct rule_definition {
    struct rule_place place; /* of its name */
    struct span name, about;
    bool part; /* counts only where another rule names it */
    unsigned tags;
    int32_t points; /* thousandths */
    enum rule_scope scope;
    struct span header;           /* of RULE_HEADER */
    struct span expression, when; /* one of the two has a place */
    struct rule_place scope_place, expression_place, when_place, points_place; /* line 0: not given */
    bool caseless, dot_all;
};

struct rule_definitions {
    struct rule_definition *items;
    size_t count, capacity;
};

/* Appends the definitions of a file; what is wrong is told and left out.  Spans point into text, which must stay, and
 * so must file. */
void rule_text_read(const char *file, struct span text, struct rule_definitions *out,
                    struct scan_rule_complaints *complaints);

void rule_complain(struct scan_rule_complaints *complaints, struct rule_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
