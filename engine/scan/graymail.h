/* Is a message graymail, and of which category?
 *
 * Graymail is what somebody once asked for: offers, newsletters, notices of social networks.  The question is one
 * of its own beside spam, and answered by rules alone: each that hits adds its points, and from GRAYMAIL_POINTS on the
 * message is graymail (doc/rules.md).  The points are log-odds with the prior left out, so evidence can be weighed.
 */
#ifndef SCAN_GRAYMAIL_H
#define SCAN_GRAYMAIL_H

#include "engine/scan/rules.h"

enum scan_graymail {
    SCAN_GRAYMAIL_NONE,
    SCAN_GRAYMAIL_MARKETING, /* to sell, or by a service that mails for others */
    SCAN_GRAYMAIL_SOCIAL,    /* of a social network, a dating site, a forum */
    SCAN_GRAYMAIL_BULK,      /* all else that is sent to many */
};

enum {
    SCAN_GRAYMAIL_POINTS = 5000, /* thousandths: from here on a message is graymail */
    SCAN_GRAYMAIL_CATEGORY_POINTS =
        2000, /* that make it social, or marketing, if no other category has more */
};

/* rules may be NULL.  *points is the sum, in thousandths. */
enum scan_graymail scan_graymail_of(const struct scan_rules *rules, const struct scan_hits *hits,
                                    int32_t *points);

#endif
