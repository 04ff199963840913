/* Adding up the points of the rules about graymail. */
#include "engine/scan/graymail.h"

/* What the rules for one category gave for it. */
static int32_t category_points(const struct scan_rule_info *info, unsigned tag)
{
    return info->tags & tag && info->points > 0 ? info->points : 0;
}

enum scan_graymail scan_graymail_of(const struct scan_rules *rules, const struct scan_hits *hits,
                                    int32_t *points)
{
    int32_t sum = 0, social = 0, marketing = 0, bulk = 0;
    for (uint32_t i = 0; i < hits->graymail_count; i++) {
        struct scan_rule_info info;
        scan_rules_info(rules, hits->graymail[i], &info);
        sum += info.points;
        social += category_points(&info, SCAN_TAG_SOCIAL);
        marketing += category_points(&info, SCAN_TAG_MARKETING);
        bulk += category_points(&info, SCAN_TAG_BULK);
    }
    *points = sum;
    if (sum < SCAN_GRAYMAIL_POINTS)
        return SCAN_GRAYMAIL_NONE;
    if (social >= SCAN_GRAYMAIL_CATEGORY_POINTS && social >= marketing && social >= bulk)
        return SCAN_GRAYMAIL_SOCIAL;
    return marketing >= SCAN_GRAYMAIL_CATEGORY_POINTS && marketing >= bulk ? SCAN_GRAYMAIL_MARKETING
                                                                           : SCAN_GRAYMAIL_BULK;
}
