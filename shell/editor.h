/* Line editing on a terminal that a person sits at. */
#ifndef SHELL_EDITOR_H
#define SHELL_EDITOR_H

#include <stdbool.h>

#include "shell/reader.h"

struct editor;
struct shell;

/* True for terminals that can be written escape sequences to; others belong to programs. */
bool editor_suits(const char *terminal);
/* NULL when it cannot be had.  TAB and `?` ask sh what may come next. */
struct editor *editor_open(struct shell *sh);
/* Appends one line, without its newline.  Of prompt only the last line is drawn again.  is_command: it goes into the
 * history, and the arrow keys walk that. */
enum read_result editor_read(struct editor *e, const char *prompt, bool is_command, struct buf *line);
/* A byte that was typed ahead; false when there is none. */
bool editor_take_byte(struct editor *e, char *byte);
/* The opposite: it comes behind what is there. */
void editor_give_byte(struct editor *e, char byte);
void editor_close(struct editor *e);

#endif
