/* Parts of manual pages, man(7): the programs print their own from their tables (--describe). */
#ifndef BASE_ROFF_H
#define BASE_ROFF_H

#include "engine/base/buf.h"

/* Appends text so that it is shown as it stands. */
void roff_text(struct buf *out, const char *text);

/* Begins the page of a program of this section; title is its name in capitals. */
void roff_page(struct buf *out, const char *program, const char *title, int section);

/* Appends an entry of a list: the head in bold, and below it what it means. */
void roff_item(struct buf *out, const char *head, const char *help);

#endif
