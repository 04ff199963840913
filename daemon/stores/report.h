/* What is wrong with the stores: a line for each problem. */
#ifndef STORES_REPORT_H
#define STORES_REPORT_H

#include <stdio.h>

struct report {
    FILE *to;
    unsigned problems;
};

/* Prints "WHERE: WHAT; HELP".  What comes from the stores is made safe to show.  help may be NULL. */
void report_problem(struct report *r, const char *where, const char *help, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* How far something is, on standard error when a person looks at it: at most some times a second, and a last time when
 * done is all. */
void report_progress(const char *doing, unsigned long long done, unsigned long long all);

#endif
