/* The resolve step: what becomes of a message once its verdict is known.
 *
 * The one place where a policy's wishes meet each other.  Pure; the judge asks it for what it has scanned, the queue
 * for what no scan survived.
 */
#ifndef JUDGE_RESOLVE_H
#define JUDGE_RESOLVE_H

#include "engine/judge/judge.h"

/* Texts are those of the policy. */
struct judge_resolution {
    enum judge_action action;
    bool archive;                        /* a copy is kept, whatever the action */
    const struct judge_treatment *marks; /* whose subject and header it gets; NULL: none */
    struct span host;                    /* it goes there instead of by smtproutes or DNS; empty: as usual */
    struct span recipient; /* one copy for this address takes its place; empty: for all recipients */
};

/* Drop and bounce end a message: nothing but the archive goes along with them.  An alternate host comes before the
 * quarantine.  An alternate recipient changes who gets the message, not what is done with it. */
void judge_resolve(const struct judge_policy *policy, enum judge_verdict verdict,
                   struct judge_resolution *resolution);

#endif
