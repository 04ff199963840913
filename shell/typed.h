/* What was typed since the last request: it goes with the next one, for the log of what administrators do. */
#ifndef SHELL_TYPED_H
#define SHELL_TYPED_H

#include <jansson.h>

#include "engine/base/buf.h"
#include "shell/words.h"

struct shell;

struct typed {
    json_t *lines;    /* of the running command, not yet sent; NULL: none */
    struct buf shown; /* on a terminal: the end of what was shown since the last line */
};

/* A command begins: what of the one before was not sent is forgotten. */
void typed_command(struct shell *sh, const struct words *words);
/* An answer to a question of the running command. */
void typed_answer(struct shell *sh, const char *prompt, struct span line);
void typed_shown(struct shell *sh, struct span text);
/* Appends ,"typed":[...]} in place of the last byte of request, which is its closing brace. */
void typed_put(struct shell *sh, struct buf *request);

#endif
