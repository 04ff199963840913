/* The manual page and the completions of mailward, made from the tables of options, statuses and commands. */
#ifndef SHELL_DESCRIBE_H
#define SHELL_DESCRIBE_H

#include "engine/base/buf.h"

/* What writes the form "man", "bash", "zsh" or "fish"; NULL for another. */
void (*describe_form(const char *form))(struct buf *out);

#endif
