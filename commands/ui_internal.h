/* What menus and questions share. */
#ifndef COMMANDS_UI_INTERNAL_H
#define COMMANDS_UI_INTERNAL_H

#include "commands/ui.h"

/* Shows text when somebody looks. */
void ui_show(struct shell *sh, const struct buf *text);
/* The next answer without blanks around it. */
bool ui_read_word(struct shell *sh, const char *prompt, struct buf *word);
/* "?": what was asked is shown again.  Without a terminal it is an answer like any other (R6). */
bool ui_asks_for_help(struct shell *sh, struct span word);

#endif
