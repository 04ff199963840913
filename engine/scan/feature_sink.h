/* Where the families put their features, and what they share: folding of text, 4-grams, words. */
#ifndef SCAN_FEATURE_SINK_H
#define SCAN_FEATURE_SINK_H

#include "engine/scan/features.h"
#include "engine/scan/hash.h"

/* What a hash stands for, so that equal bytes of different meaning are different features. */
enum feature_purpose {
    FEATURE_GRAM = 1,
    FEATURE_WORD,
    FEATURE_PAIR,
    FEATURE_FACT,
    FEATURE_NAME,
    FEATURE_VALUE,
    FEATURE_HOST,
    FEATURE_DOMAIN,
    FEATURE_SHAPE,
    FEATURE_SIZE,
};

enum {
    FEATURE_TEXT_BYTES = 8192,      /* of the text, from its begin */
    FEATURE_ONE_HEADER_BYTES = 512, /* of one header */
    FEATURE_URL_BYTES = 2048,       /* of all URLs */
    FEATURE_ONE_URL_BYTES = 256,    /* of one */
    FEATURE_FOREIGN = 1,            /* stands for a byte outside ASCII in folded text */
};

struct feature_sink {
    const struct scan_feature_input *input;
    uint64_t *seen; /* a bit for each possible feature */
    uint32_t *ids;
    uint32_t count;
    char *scratch;    /* FEATURE_TEXT_BYTES + 2, free for any family to fold into */
    struct span text; /* the begin of the text, folded */
};

static inline uint64_t feature_seed(enum feature_purpose purpose, enum scan_family family)
{
    return (uint64_t)purpose << 8 | (uint64_t)family;
}

/* A feature that is there already is not added again, nor is one beyond what has room. */
void feature_add(struct feature_sink *sink, uint64_t hash);

/* Folds s into out, which has room for s.n + 2 bytes: letters to lower case, digits to 0, runs of blanks to one,
 * bytes outside ASCII to FEATURE_FOREIGN.  The result begins and ends with a blank. */
struct span feature_fold(struct span s, char *out);

/* Every run of four bytes of folded text. */
void feature_add_grams(struct feature_sink *sink, struct span folded, uint64_t seed);
/* Takes the next word off the front of folded text; empty at the end.  Words with foreign bytes are passed over. */
struct span feature_next_word(struct span *rest);
/* Words, and pairs of neighbours. */
void feature_add_words(struct feature_sink *sink, struct span folded, uint64_t word_seed, uint64_t pair_seed);
/* Grams, words and pairs of folded text under one family. */
void feature_add_text(struct feature_sink *sink, enum scan_family family, struct span folded);

/* The number of one thing of the message, as the powers of two that it reaches. */
void feature_add_size(struct feature_sink *sink, enum scan_family family, unsigned thing, uint64_t size);

/* The host of a URL without user and port. */
struct span feature_url_host(struct span url);

/* Families in files of their own. */
void feature_add_headers(struct feature_sink *sink); /* names and values */
void feature_add_header_order(
    struct feature_sink *sink);                       /* names as they are written, and their neighbours */
void feature_add_shapes(struct feature_sink *sink);   /* patterns of ids, dates, boundaries */
void feature_add_received(struct feature_sink *sink); /* who the first hop had it from */
void feature_add_hops(struct feature_sink *sink);     /* marks of all hops before ours */
void feature_add_part_headers(struct feature_sink *sink);
void feature_add_tags(struct feature_sink *sink); /* of HTML, and their attributes */
void feature_add_sizes(struct feature_sink *sink);
void feature_add_relations(struct feature_sink *sink); /* between recipient, sender, links and ids */

#endif
