/* What the model sees of a message: a set of numbers, each the hash of something that the message holds.
 *
 * Byte 4-grams, words and pairs of neighbouring words of the decoded view, kept apart by the family they come
 * from, the facts of structure of facts.h, and the rules that hit.  The receiving side's headers (its trace, its
 * verdicts, the recipients) are left out: they tell where mail was collected, not what it is.
 */
#ifndef SCAN_FEATURES_H
#define SCAN_FEATURES_H

#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/mime/view.h"
#include "engine/scan/rules.h"

/* A model is valid for one feature version only.  Raise it with every change to what is extracted. */
enum { SCAN_FEATURE_VERSION = 2, SCAN_FEATURE_BITS = 20 };

/* Where a feature comes from: the unit in which a score is explained. */
enum scan_family {
    SCAN_FACTS, /* in the order of enum scan_fact */
    SCAN_FROM,
    SCAN_SUBJECT,
    SCAN_HEADERS,
    SCAN_URLS,
    SCAN_ATTACHMENTS,
    SCAN_TEXT,
    SCAN_RULES, /* in the order of the hits */
    SCAN_FAMILIES
};

/* ids[start[f]] .. ids[start[f + 1] - 1] are the features of family f, each below 2^SCAN_FEATURE_BITS.  None
 * appears twice, but for a fact or a rule that shares its number with something else. */
struct scan_features {
    const uint32_t *ids;
    uint32_t start[SCAN_FAMILIES + 1];
    uint64_t facts; /* bit set of enum scan_fact */
};

/* Bounded by constants, whatever the view holds: at most 4 KiB of headers, 8 KiB of text, 2 KiB of URLs are
 * looked at.  hits are those of rules; both may be NULL.  Everything lives in arena. */
void scan_features_extract(const struct mime_view *view, const struct scan_rules *rules,
                           const struct scan_hits *hits, struct arena *arena, struct scan_features *features);

/* What one feature of the family counts: (n * m)^(-1/4) for n features in all and m in the family, each fact and
 * each rule being a family of its own.
 *
 * It lies between the two usual normalisations: by the message alone a page of text drowns all else, and by the
 * family alone the three words of a subject weigh as much as that page. */
double scan_feature_value(const struct scan_features *features, enum scan_family family);

const char *scan_family_name(enum scan_family family);

#endif
