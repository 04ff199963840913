/* Why something was refused or failed, for the outermost caller to print.
 *
 * Functions that can fail take a struct error * as their last parameter and return false; only the outermost
 * caller turns it into words on a terminal, a log line or an exit status.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

struct error {
    char text[512];
};

/* Formats the text and returns false, so that one can write: return error_set(e, "..."). */
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with ": " and the meaning of errno appended. */
bool error_set_errno(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
