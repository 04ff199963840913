/* The forms of --describe, for describe*.c alone.  Each appends the whole text. */
#ifndef SHELL_DESCRIBE_FORMS_H
#define SHELL_DESCRIBE_FORMS_H

#include "commands/command.h"

void describe_man(struct buf *out);
void describe_man_command(struct buf *out, const struct command *command);
void describe_man_settings(struct buf *out);
void describe_bash(struct buf *out);
void describe_zsh(struct buf *out);
void describe_fish(struct buf *out);
void describe_json(struct buf *out);

#endif
