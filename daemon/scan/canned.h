/* The message of our own that a new generation has to judge rightly before mail is trusted to it.
 *
 * It carries the test header, so what must come out is known whatever the model says.
 */
#ifndef SCAN_CANNED_H
#define SCAN_CANNED_H

#include <stdbool.h>

#include "daemon/scan/slot.h"
#include "engine/base/error.h"
#include "engine/judge/judge.h"

/* Judges it in this process, so that what is copied from here has touched all that judging needs. */
void canned_warm_up(const struct judge_runtime *rt);
/* With rt->test_hooks, a header X-Mailward-Test that the incoming policy adds to spam is in it: a test has it refused
 * so.  NULL, with the reason in error, when there is no memory file to be had. */
struct job *canned_job(const struct judge_runtime *rt, struct error *error);
/* Whether a worker's answer to it is what rt asks for. */
bool canned_check(const struct judge_runtime *rt, struct span result, struct error *error);

#endif
