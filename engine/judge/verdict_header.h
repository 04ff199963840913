/* The header fields by which this gateway tells what it made of a message. */
#ifndef JUDGE_VERDICT_HEADER_H
#define JUDGE_VERDICT_HEADER_H

#include <stdbool.h>

#include "engine/base/span.h"

/* On mail that no worker survived and that is delivered all the same. */
#define JUDGE_UNSCANNABLE_HEADER "X-Mailward-Unscannable"

/* Whether a field, or its name, is one by which only this gateway may speak. */
bool judge_is_verdict_header(struct span field);

#endif
