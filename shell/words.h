/* Splitting a line into commands and words: ';' ends a command, double quotes hold blanks together, and inside
 * them \\ is a backslash and \" a quote. */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"

struct words {
    int count;
    char **word;      /* NUL-terminated, in the arena */
    bool *quoted;     /* of each word: it was written with quotes */
    struct span text; /* the command as typed: part of the line */
};

/* Takes the next command off *line.  Returns false at the end of the line or on an error; error->text is empty
 * at the end.  Empty commands are skipped.  After an error words->text is where it starts. */
bool words_next(const char **line, struct arena *arena, struct words *words, struct error *error);

#endif
