/* What the model sees of a message: a set of numbers, each the hash of something that the message holds.
 *
 * Byte 4-grams, words and pairs of neighbouring words of the decoded view, patterns of ids and headers, sizes, the
 * tags of HTML, the facts of structure of facts.h, and the rules that hit, all kept apart by the family they come
 * from.  The receiving side's headers (its trace, its verdicts, the recipients) are left out: they tell where mail
 * was collected, not what it is.
 */
#ifndef SCAN_FEATURES_H
#define SCAN_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/mime/view.h"
#include "engine/scan/rules.h"

/* A model is valid for one feature version only.  Raise it with every change to what is extracted. */
enum { SCAN_FEATURE_VERSION = 5, SCAN_FEATURE_BITS = 20, SCAN_FEATURES_MAX = 49152 /* but for rules */ };

/* Where a feature comes from: the unit in which a score is explained, and that a model may be made without.  Those that
 * the shipped model is made without come after the others: a feature that several families have belongs to the first
 * of them, so whether the last ones are extracted changes nothing of the others. */
enum scan_family {
    SCAN_FACTS, /* in the order of enum scan_fact */
    SCAN_FROM,
    SCAN_SUBJECT,
    SCAN_HEADERS,
    SCAN_HEADER_ORDER,
    SCAN_URLS,
    SCAN_ATTACHMENTS,
    SCAN_TEXT,
    SCAN_TEXT_END,
    SCAN_PART_HEADERS,
    SCAN_TAGS,
    SCAN_SIZES,
    SCAN_RELATIONS, /* between recipient, sender, links and ids */
    SCAN_SHAPES,    /* of ids, dates, addresses, boundaries */
    SCAN_RECEIVED,  /* who the first hop had it from */
    SCAN_HOPS,      /* marks of all hops before ours */
    SCAN_RULES,     /* in the order of the hits */
    SCAN_FAMILIES
};

/* ids[start[f]] .. ids[start[f + 1] - 1] are the features of family f, each below 2^SCAN_FEATURE_BITS.  None
 * appears twice, but for a fact or a rule that shares its number with something else. */
struct scan_features {
    const uint32_t *ids;
    uint32_t start[SCAN_FAMILIES + 1];
    uint64_t facts; /* bit set of enum scan_fact */
};

struct scan_feature_input {
    const struct mime_view *view;
    struct span body; /* of the message, as it came */
    struct span
        own_trace; /* our own Received, if the view begins after it; else the topmost one stands for it */
    const struct scan_rules *rules;
    const struct scan_hits *hits; /* of rules; both may be NULL */
    uint32_t left_out;            /* bit set of families that nobody wants: they come out empty */
};

/* Bounded by constants, whatever the message holds: at most 4 KiB of headers, the first 8 KiB of text and its last
 * 1.5, 2 KiB of URLs, 20 KB of HTML are looked at.  Everything lives in arena. */
void scan_features_extract(const struct scan_feature_input *input, struct arena *arena,
                           struct scan_features *features);

/* What one feature of each family counts: (n * (m + 30))^(-1/4) for n features in all and m in the family, where each
 * fact and each rule counts n^(-1/4); 0 for families in the bit set left_out, which n does not count either.
 *
 * It lies between the two usual normalisations: by the message alone a page of text drowns all else, and by the
 * family alone the three words of a subject weigh as much as that page.  The 30 keep a family of a handful of features
 * from shouting: the fewer there are, the more each says of its year and place.  Relations go without it: each is a
 * statement about the message as a whole, as facts are. */
void scan_feature_values(const struct scan_features *features, uint32_t left_out,
                         double values[SCAN_FAMILIES]);

const char *scan_family_name(enum scan_family family);

#endif
