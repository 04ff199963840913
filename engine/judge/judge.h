/* The one function that judges a message: message, envelope and facts in; children out.
 *
 * Pure: no files, no network, no time but the CPU budget.  The scan workers and the offline scanner call
 * it, so they cannot differ.
 */
#ifndef JUDGE_JUDGE_H
#define JUDGE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/mime/view.h"
#include "engine/peers/peer.h"
#include "engine/scan/graymail.h"

struct scan_example; /* engine/scan/example.h */
struct scan_learned; /* engine/scan/learned.h */
struct scan_model;   /* engine/scan/model.h */
struct scan_rules;   /* engine/scan/rules.h */

enum judge_verdict {
    JUDGE_NEGATIVE,
    JUDGE_SUSPECT,
    JUDGE_POSITIVE,
    JUDGE_NOT_SCANNED, /* larger than never-scan */
    JUDGE_UNSCANNABLE, /* set by the queue, never by judge_message(): R16 */
    JUDGE_OFF,         /* anti-spam is off, for the gateway or in the policy */
};

/* The other question, which is asked of mail that is not positive. */
enum judge_graymail {
    JUDGE_GRAYMAIL_OFF,      /* for the gateway or in the policy */
    JUDGE_GRAYMAIL_NEGATIVE, /* it is none, or it is spam */
    JUDGE_GRAYMAIL_MARKETING,
    JUDGE_GRAYMAIL_SOCIAL,
    JUDGE_GRAYMAIL_BULK,
    JUDGE_GRAYMAIL_TOO_BIG, /* not looked at: larger than its never-scan */
    JUDGE_GRAYMAIL_SIGNED,  /* not looked at: the policy wants unsigned mail alone */
    JUDGE_GRAYMAIL_ANSWERS
};

/* In the order in which they look at a message. */
enum judge_engine { JUDGE_ANTISPAM, JUDGE_GRAYMAIL, JUDGE_ENGINES };

/* Who answers the question of spam; in the order of the choices that the schema has.  With multiscan other engines have been
 * asked before ours. */
enum judge_scanner { JUDGE_SCANNER_ANTISPAM, JUDGE_SCANNER_MULTISCAN, JUDGE_SCANNERS };

/* In the order of the choices that the schema has. */
enum judge_action { JUDGE_DELIVER, JUDGE_DROP, JUDGE_BOUNCE, JUDGE_QUARANTINE };

enum judge_subject_change { JUDGE_SUBJECT_KEEP, JUDGE_SUBJECT_PREPEND, JUDGE_SUBJECT_APPEND };

/* What becomes of mail with one verdict, or of one category. */
struct judge_treatment {
    int threshold; /* of a verdict: score, 0-100; reached means so */
    enum judge_action action;
    enum judge_subject_change subject_change;
    struct span subject_text; /* put in as it is: nothing is trimmed, no blank is added */
    struct span header;       /* "NAME: VALUE" without line end; empty for none */
    bool archive;
    struct span host;      /* where it goes instead of to the usual host; empty for none */
    struct span recipient; /* who gets it, in one copy, instead of all recipients; empty for none */
};

struct judge_policy {
    struct span name;
    bool antispam; /* off: mail is not scanned */
    enum judge_scanner scanner;
    struct judge_treatment positive, suspect;
    bool treat_suspects; /* off: nothing is suspect */
    enum judge_action unscannable;
    bool graymail;      /* off: it is not looked for */
    bool unsigned_only; /* mail with S/MIME is not looked at for it */
    struct judge_treatment marketing, social, bulk;
};

/* Each has a policy table of its own. */
enum judge_direction { JUDGE_INCOMING, JUDGE_OUTGOING, JUDGE_DIRECTION_COUNT };

enum judge_profile { JUDGE_NORMAL, JUDGE_AGGRESSIVE };

/* What is set for a scanner, for the whole gateway. */
struct judge_scanner_settings {
    bool on; /* off: its policies' mail is not scanned */
    enum judge_profile profile;
    uint64_t always_scan_bytes; /* of what is larger only so much is looked at */
    uint64_t never_scan_bytes;  /* above: not scanned */
};

/* What a configuration generation fixes; built before the sandbox closes and then only read. */
struct judge_runtime {
    const struct scan_model *model;
    const struct scan_rules *rules;     /* those that the model was trained with; NULL for none */
    const struct scan_learned *learned; /* from single messages; NULL: nothing */
    struct mime_limits limits;
    struct judge_scanner_settings scanners[JUDGE_SCANNERS];
    bool graymail;                 /* off: no mail is looked at for it, nor without a scanner that is on */
    uint64_t graymail_never_bytes; /* the same for graymail, which looks at all of what is smaller */
    struct judge_policy policies[JUDGE_DIRECTION_COUNT]; /* the DEFAULT row of each table */
    int64_t budget_us, budget_us_per_mib;                /* CPU for one message; then a partial verdict */
    bool test_hooks; /* obey X-Mailward-Test (look.c; private instances of tests) */
};

struct judge_input {
    struct span message;                      /* as it will be stored, own trace header first */
    uint32_t trace_bytes;                     /* length of that trace header */
    bool outbound;                            /* from a client that may relay */
    bool without_antispam;                    /* there is no key for it: as when it is off */
    bool without_multiscan, without_graymail; /* the same */
    struct span sender;                       /* envelope, without angle brackets; empty for <> */
    struct span helo, client_ip;
    const struct span *recipients;
    uint32_t recipient_count;
    const struct peer_verdict *peers; /* PEER_COUNT of them, for multiscan; NULL: all unknown */
};

/* Replace `length` bytes at `offset` of the stored message by `insert`. Sorted, not overlapping. */
struct judge_edit {
    uint64_t offset;
    uint64_t length;
    struct span insert;
};

enum { JUDGE_MAX_REASONS = 16 };

struct judge_reason {
    struct span name;
    int32_t millilogodds; /* contribution to the log-odds (of graymail: points), in thousandths */
};

/* A group of recipients that is treated alike from here on. */
struct judge_child {
    const uint32_t *rids; /* indexes into recipients, ascending */
    uint32_t rid_count;
    struct span policy; /* "DEFAULT" */
    enum judge_scanner scanner;
    enum judge_verdict verdict;
    enum judge_verdict own_verdict; /* that it would have without other engines, if it was scanned */
    enum judge_action action;
    int score;                   /* 0-100; -1 when not scanned */
    uint64_t size_limit;         /* that made it JUDGE_NOT_SCANNED, in bytes; else 0 */
    bool partial;                /* a limit or the budget cut the look short */
    struct span limited_rule;    /* whose expression met a match limit, the first of them; empty: none */
    bool test_mark;              /* X-Advertisement: spam decided (S2-250) */
    bool archive[JUDGE_ENGINES]; /* the queue keeps a copy as it came, in the archive of each */
    struct span host, recipient; /* as in struct judge_resolution; empty for none */
    enum judge_engine action_by, host_by, recipient_by; /* whose treatment asks for that */
    const struct judge_reason *reasons;                 /* the strongest first, at most JUDGE_MAX_REASONS */
    uint32_t reason_count;
    enum judge_graymail graymail;
    int32_t graymail_points;                     /* thousandths */
    uint64_t graymail_limit;                     /* that made it JUDGE_GRAYMAIL_TOO_BIG, in bytes; else 0 */
    const struct judge_reason *graymail_reasons; /* in thousandths of points; as above */
    uint32_t graymail_reason_count;
    const struct judge_edit *edits;
    uint32_t edit_count;
};

struct judge_result {
    const struct judge_child *children; /* their rids partition the recipients */
    uint32_t child_count;
};

/* The stage at work, for the supervisor to read after a worker died: set by judge_message() as it goes.
 * Points to text_size bytes of shared memory, or NULL. */
struct judge_breadcrumb {
    char *text;
    size_t text_size;
};

/* For programs without a configuration: both questions are asked, all else is as the schema's defaults have it.  Model and
 * rules are still missing. */
void judge_runtime_defaults(struct judge_runtime *rt);

/* What scans mail of this policy; NULL: nothing does. */
const struct judge_scanner_settings *judge_scanner_of(const struct judge_runtime *rt,
                                                      const struct judge_policy *policy);

/* The score in the aggressive profile of what the normal one gives score (0-100): the odds of spam count twofold,
 *     200 * score / (100 + score), rounded down.
 * Monotone and never lower; 0 and 100 stay.  So 34 becomes 50, 50 becomes 66 and 82 becomes 90. */
int judge_aggressive_score(int score);

/* Everything in result lives in arena or points into input or the texts of rt. */
void judge_message(const struct judge_runtime *rt, const struct judge_input *input,
                   struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_result *result);

/* What is kept of a message to learn from it, whatever switches and sizes say.  Everything lives in arena or points into
 * input. */
void judge_take_example(const struct judge_runtime *rt, const struct judge_input *input,
                        struct judge_breadcrumb *breadcrumb, struct arena *arena,
                        struct scan_example *example);

/* Wire forms.  The get functions check everything (counts, order and bounds of edits against message_size, rids
 * against recipient_count and that the children partition them) and return false for what is not well-formed. */
void judge_result_put(struct buf *out, const struct judge_result *result);
bool judge_result_get(struct span wire, uint64_t message_size, uint32_t recipient_count, struct arena *arena,
                      struct judge_result *result);
/* One child's edits alone, as the queue stores them. */
void judge_edits_put(struct buf *out, const struct judge_edit *edits, uint32_t count);
bool judge_edits_get(struct span wire, uint64_t message_size, struct arena *arena,
                     const struct judge_edit **edits, uint32_t *count);

const char *judge_verdict_name(enum judge_verdict verdict);    /* negative, suspect, positive, ... */
const char *judge_graymail_name(enum judge_graymail graymail); /* negative, marketing, social, ... */
const char *judge_engine_name(enum judge_engine engine);       /* antispam, graymail */
bool judge_is_graymail(enum judge_graymail graymail);          /* of one of the categories */

#endif
