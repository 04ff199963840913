/* Manual pages, completions and a description in JSON, made from the tables. */
#ifndef SHELL_DESCRIBE_H
#define SHELL_DESCRIBE_H

#include <stdbool.h>

#include "engine/base/buf.h"

/* Appends the form "man", "settings" (a manual page each), "bash", "zsh", "fish" or "json", or the manual page of the
 * command of this name.  False for another word. */
bool describe(const char *form, struct buf *out);

#endif
