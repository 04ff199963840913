/* What is typed while a terminal shows nothing of it: passphrases and keys. */
#ifndef SHELL_HIDDEN_H
#define SHELL_HIDDEN_H

#include <stdbool.h>

struct shell;

/* From here to hidden_end() the terminal shows nothing that is typed, and edits the line itself: no line editor keeps a
 * copy of it.  What was typed ahead is not lost.  Without a terminal nothing happens. */
void hidden_begin(struct shell *sh);
/* read: the last line came to its end, which the terminal did not show either. */
void hidden_end(struct shell *sh, bool read);

#endif
