/* What a person is told at log-in. */
#ifndef SHELL_WELCOME_H
#define SHELL_WELCOME_H

#include <jansson.h>

#include "commands/shell.h"

/* welcome: that member of the answer to hello. */
void welcome_show(struct shell *sh, const json_t *welcome);

#endif
