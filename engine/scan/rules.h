/* Rules: expressions over parts of a message that an admin or we wrote, each with a name (doc/rules.md).
 *
 * A set is compiled once and then only read, so that processes forked afterwards share it.  A pass over a message
 * looks for one required literal of every rule at once, and tries an expression only near its literal, on windows of
 * bounded size; so the cost of a message is bounded whatever it holds and whatever the expressions are.
 */
#ifndef SCAN_RULES_H
#define SCAN_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/mime/view.h"

enum {
    SCAN_RULES_FORMAT = 1, /* of the language: a package of rules must have been written for it */
    SCAN_RULES_MAX = 4096,
    SCAN_HITS_MAX = 64, /* of one message; further ones are not reported */
};

enum scan_rule_tag {
    SCAN_TAG_SPAM = 1 << 0,
    SCAN_TAG_PHISH = 1 << 1,
    SCAN_TAG_MARKETING = 1 << 2,
    SCAN_TAG_SOCIAL = 1 << 3,
    SCAN_TAG_BULK = 1 << 4,
    SCAN_TAG_GRAYMAIL = 1 << 5, /* of no category */
    SCAN_TAGS_OF_GRAYMAIL = SCAN_TAG_MARKETING | SCAN_TAG_SOCIAL | SCAN_TAG_BULK | SCAN_TAG_GRAYMAIL,
};

struct scan_rules;

/* What is wrong with a rule file; told one by one.  Line and column count from 1. */
struct scan_rule_complaints {
    void (*tell)(void *context, const char *file, unsigned line, unsigned column, const char *text);
    void *context;
    unsigned count;
};

/* Reads a file, or the files of a folder whose names end in ".rules", in the order of their names; of a folder the
 * lists of known senders, too, whose names end in ".senders" (known_senders.h).  NULL when there
 * was any complaint, or with the reason in error when a file cannot be read. */
struct scan_rules *scan_rules_load(const char *path, struct scan_rule_complaints *complaints,
                                   struct error *error);
/* The same for one text, which is copied. */
struct scan_rules *scan_rules_parse(const char *file, struct span text,
                                    struct scan_rule_complaints *complaints);

/* Files before they are compiled, for who reads them in one process and compiles them in another. */
struct scan_rule_file {
    const char *name; /* for complaints */
    struct span text;
};
/* Reads what scan_rules_load() would; *files and everything in them live in arena. */
bool scan_rule_files_read(const char *path, struct arena *arena, struct scan_rule_file **files, size_t *count,
                          struct error *error);
/* Their texts are copied; the first complaint, with its place, becomes the error. */
struct scan_rules *scan_rule_files_compile(const struct scan_rule_file *files, size_t count,
                                           struct error *error);

/* For callers that need no list: the first complaint, with its place, becomes the error. */
struct scan_rules *scan_rules_open(const char *path, struct error *error);
void scan_rules_free(struct scan_rules *rules);

struct scan_rule_info {
    struct span name, about;
    const char *file;
    unsigned line;
    unsigned tags;
    int32_t points;   /* thousandths; of a rule about graymail */
    bool part;        /* counts only inside other rules */
    bool meta;        /* has no expression of its own */
    bool literal;     /* is behind the literal filter; true for a meta rule */
    uint64_t feature; /* hash of the name, for the model */
};

size_t scan_rules_count(const struct scan_rules *rules);
void scan_rules_info(const struct scan_rules *rules, size_t rule, struct scan_rule_info *info);

/* What a pass looks at.  The envelope may be empty. */
struct scan_rule_input {
    const struct mime_view *view;
    struct span raw; /* the message without the gateway's own trace header */
    struct span sender, helo, client_ip;
    const struct span *recipients;
    uint32_t recipient_count;
    bool graymail; /* rules about it are asked, too */
};

struct scan_hits {
    uint16_t rules[SCAN_HITS_MAX]; /* indexes, ascending; no parts */
    uint32_t count;
    uint16_t graymail[SCAN_HITS_MAX]; /* the same of rules about graymail, which are not among the others */
    uint32_t graymail_count;
    bool partial;        /* the budget or a match limit cut the pass short */
    struct span limited; /* the name of the first rule that met a match limit; as long as the rules live */
};

/* For who watches a pass: all may be NULL. */
struct scan_rule_watch {
    /* An expression is about to be tried. */
    void (*enter)(void *context, struct span name);
    void *context;
    int64_t *cpu_us; /* by rule: time of its expression is added */
    uint8_t *hit;    /* by rule, parts included: set to 1 */
};

/* rules may be NULL: no hits.  Nothing in hits needs the arena, which holds what the pass needs. */
void scan_rules_run(const struct scan_rules *rules, const struct scan_rule_input *input,
                    const struct mime_budget *budget, const struct scan_rule_watch *watch,
                    struct arena *arena, struct scan_hits *hits);

#endif
