/* Packages in the hands of scan: what is installed, and one that is tried beside what runs. */
#ifndef CONTROL_UPDATE_TRIAL_H
#define CONTROL_UPDATE_TRIAL_H

#include "daemon/role.h"
#include "engine/package/package.h"

enum trial_outcome {
    TRIAL_GOOD,
    TRIAL_BAD,     /* it is of no use */
    TRIAL_SLOW,    /* it was not ready to use in time */
    TRIAL_PUT_OFF, /* there was no trial */
};

/* Tries the package of this component as soon as no commit is in work; again and again while scan has no time for it, but
 * not for ever.  file is kept by the caller until update_trial_end(), and no commit begins between a good trial and that.
 * done gets the outcome, and why when it is not good. */
void update_trial_begin(const struct package_offer *offer, struct span file,
                        void (*done)(enum trial_outcome outcome, const char *why));
/* After a good trial: scan switches to it, or throws it away. */
void update_trial_use(void);
void update_trial_discard(void);
/* Whatever the outcome was, or if there was no trial at all. */
void update_trial_end(void);

/* Scan is there (again): it is given what is installed. */
void update_trial_scan_up(void);
void update_trial_scan_down(void);
void update_trial_answered(struct wire_reader *in); /* MSG_ENGINE_TRIED */

/* Why scan does not use what is installed; "" when it does. */
const char *update_trial_unusable(void);

#endif
