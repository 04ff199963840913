/* What readers of rules and lists complain of, as lines FILE:LINE:COLUMN: TEXT. */
#ifndef TESTS_COMPLAINTS_FIXTURE_H
#define TESTS_COMPLAINTS_FIXTURE_H

#include "engine/base/buf.h"
#include "engine/scan/rules.h"

static struct buf complaints;

static inline void note_complaint(void *context, const char *file, unsigned line, unsigned column,
                                  const char *text)
{
    (void)context;
    buf_printf(&complaints, "%s:%u:%u: %s\n", file, line, column, text);
}

/* To be given to one reader; what was complained of before is forgotten. */
static inline struct scan_rule_complaints complaints_begin(void)
{
    buf_clear(&complaints);
    return (struct scan_rule_complaints){.tell = note_complaint};
}

/* Of a group of tests. */
static inline int complaints_end(void **state)
{
    (void)state;
    buf_free(&complaints);
    return 0;
}

#endif
