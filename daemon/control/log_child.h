/* What the child process of a log query does: read, match, write lines to standard output, end. */
#ifndef CONTROL_LOG_CHILD_H
#define CONTROL_LOG_CHILD_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>

/* The last `count` lines; with follow also what is written from then on, until nobody reads any more. */
_Noreturn void log_child_tail(const char *log, size_t count, bool follow);
_Noreturn void log_child_grep(const char *log, const pcre2_code *code);

#endif
