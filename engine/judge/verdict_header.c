/* The header fields by which this gateway tells what it made of a message. */
#include "engine/judge/verdict_header.h"

bool judge_is_verdict_header(struct span field)
{
    return span_starts_nocase(field, SPAN("X-IronPort-Anti-Spam-")) ||
           span_starts_nocase(field, SPAN(JUDGE_UNSCANNABLE_HEADER));
}
