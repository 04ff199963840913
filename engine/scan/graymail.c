/* Adding up the points of the rules about graymail. */
#include "engine/scan/graymail.h"

static int32_t positive(int32_t points)
{
    return points > 0 ? points : 0;
}

enum scan_graymail scan_graymail_of(const struct scan_rules *rules, const struct scan_hits *hits,
                                    int32_t *points)
{
    int32_t sum = 0, social = 0, marketing = 0;
    for (uint32_t i = 0; i < hits->graymail_count; i++) {
        struct scan_rule_info info;
        scan_rules_info(rules, hits->graymail[i], &info);
        sum += info.points;
        social += info.tags & SCAN_TAG_SOCIAL ? positive(info.points) : 0;
        marketing += info.tags & SCAN_TAG_MARKETING ? positive(info.points) : 0;
    }
    *points = sum;
    if (sum < SCAN_GRAYMAIL_POINTS)
        return SCAN_GRAYMAIL_NONE;
    if (social >= SCAN_GRAYMAIL_CATEGORY_POINTS && social >= marketing)
        return SCAN_GRAYMAIL_SOCIAL;
    return marketing >= SCAN_GRAYMAIL_CATEGORY_POINTS ? SCAN_GRAYMAIL_MARKETING : SCAN_GRAYMAIL_BULK;
}
