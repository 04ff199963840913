/* The resolve step as two tables: which part of a policy speaks for a verdict, and what an action leaves of the rest. */
#include "engine/judge/resolve.h"

static const struct effect {
    bool goes_on;                /* there is mail that marks, a host or a recipient could change */
    enum judge_action with_host; /* what is done when there is an alternate host */
} effects[] = {
    [JUDGE_DELIVER] = {true, JUDGE_DELIVER},
    [JUDGE_DROP] = {false, JUDGE_DROP},
    [JUDGE_BOUNCE] = {false, JUDGE_BOUNCE},
    [JUDGE_QUARANTINE] = {true, JUDGE_DELIVER},
};

void judge_resolve(const struct judge_policy *policy, enum judge_verdict verdict,
                   struct judge_resolution *resolution)
{
    static const struct judge_treatment untouched = {.action = JUDGE_DELIVER};
    const struct judge_treatment unscannable = {.action = policy->unscannable};
    const struct judge_treatment *const treatments[] = {
        [JUDGE_NEGATIVE] = &untouched,        [JUDGE_SUSPECT] = &policy->suspect,
        [JUDGE_POSITIVE] = &policy->positive, [JUDGE_NOT_SCANNED] = &untouched,
        [JUDGE_UNSCANNABLE] = &unscannable,   [JUDGE_OFF] = &untouched,
    };
    const struct judge_treatment *t = treatments[verdict];
    const struct effect *effect = &effects[t->action];
    *resolution = (struct judge_resolution){.action = t->action, .archive = t->archive};
    if (!effect->goes_on)
        return;
    bool has_marks = t->subject_change != JUDGE_SUBJECT_KEEP || t->header.n > 0;
    resolution->marks = has_marks ? t : NULL;
    resolution->host = t->host;
    resolution->recipient = t->recipient;
    if (t->host.n)
        resolution->action = effect->with_host;
}
