/* The resolve step: what becomes of a message once both questions are answered.
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
    bool archive[JUDGE_ENGINES];                        /* a copy is kept, whatever the action */
    const struct judge_treatment *marks[JUDGE_ENGINES]; /* whose subject and header it gets; NULL: none */
    struct span host;      /* it goes there instead of by smtproutes or DNS; empty: as usual */
    struct span recipient; /* one copy for this address takes its place; empty: for all recipients */
    enum judge_engine action_by, host_by, recipient_by; /* whose treatment asks for that */
};

/* The engines speak one after the other.  Drop and bounce end a message: nothing but the archive goes along with them,
 * and who comes later is not heard.  Quarantine only tags: a later engine's drop, bounce or host takes it back (and a
 * later quarantine a host), and a host comes before the quarantine of its own treatment, too.  Both may mark; of two
 * hosts or recipients the later one counts.  An alternate recipient changes who gets the message, not what is done with it.
 * Spam is no graymail, whatever graymail says. */
void judge_resolve(const struct judge_policy *policy, enum judge_verdict verdict,
                   enum judge_graymail graymail, struct judge_resolution *resolution);

#endif
