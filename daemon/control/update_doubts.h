/* Packages that were offered and did not do: they are left alone until the server has others in their place.
 *
 * What a trial has shown is remembered over a restart, as each trial holds up commits, but not by another version of the
 * program; the rest is asked again then, as other keys may be trusted since.
 */
#ifndef CONTROL_UPDATE_DOUBTS_H
#define CONTROL_UPDATE_DOUBTS_H

#include "engine/package/package.h"

/* After update_files_start(). */
void update_doubts_start(void);

/* For good: there is something wrong with it, which a trial has shown or the file alone. */
void update_doubts_refuse(const struct package_offer *offer, const char *why, bool is_tried);
/* For a while: the gateway had no time to try it.  Doubles each time.  Returns the minutes. */
unsigned update_doubts_delay(const struct package_offer *offer, const char *why);
/* It was good after all: somebody had it tried again. */
void update_doubts_clear(const struct package_offer *offer);
/* Why this one is to be left alone now; NULL when it is not. */
const char *update_doubts_about(const struct package_offer *offer);

#endif
