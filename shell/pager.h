/* Output to a person, one screen at a time: any key goes on, `q` and Ctrl-C end the command.
 *
 * Programs on a terminal know the pager's line and how it is removed, so both never change; who does not want it says
 * `setttymode 0`, and a terminal that has no size has no pages.
 */
#ifndef SHELL_PAGER_H
#define SHELL_PAGER_H

#include <stdbool.h>

#include "engine/base/span.h"

struct shell;

struct pager {
    bool off;       /* for the session: setttymode 0 */
    bool following; /* for this command: it shows what happens as it happens */
    bool stopped;   /* nobody wants the rest of this command */
    unsigned lines, column;
};

/* A command begins. */
void pager_begin(struct shell *sh);
/* A question was answered, and its screen read. */
void pager_restart(struct shell *sh);
void pager_put(struct shell *sh, struct span text);

#endif
