/* The messages of our own that a new generation has to judge rightly before mail is trusted to it.
 *
 * The marked one carries the test header, so what must come out is known whatever the model says.  The long one is of
 * ordinary words: rules that take long for it would take long for all mail.
 */
#ifndef SCAN_CANNED_H
#define SCAN_CANNED_H

#include <stdbool.h>

#include "daemon/scan/slot.h"
#include "engine/base/error.h"
#include "engine/judge/judge.h"

enum canned_kind { CANNED_MARKED, CANNED_LONG };

/* Judges the marked one in this process, so that what is copied from here has touched all that judging
 * needs. */
void canned_warm_up(const struct judge_runtime *rt);
/* With rt->test_hooks, a header X-Mailward-Test that the incoming policy adds to spam is in the marked one: a test has it refused
 * so.  NULL, with the reason in error, when there is no memory file to be had. */
struct job *canned_job(const struct judge_runtime *rt, enum canned_kind kind, struct error *error);
/* Whether a worker's answer to it is what rt asks for, and took no more CPU (seconds) than it may. */
bool canned_check(const struct judge_runtime *rt, enum canned_kind kind, struct span result, double cpu,
                  struct error *error);

#endif
