/* TAB and `?` in the line editor. */
#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

#include "engine/base/buf.h"
#include "engine/base/span.h"

struct shell;

/* What a key makes of the line. */
struct completed {
    size_t erase;      /* bytes in front of the cursor that go */
    struct buf insert; /* then this comes */
    struct buf show;   /* lines to be shown below; empty: none */
};

/* TAB behind text (what is in front of the cursor): goes on as far as it is clear, else shows what may come. */
void complete_tab(struct shell *sh, struct span text, struct completed *done);
/* `?` there: shows what may come, with its meaning.  False where it is part of a text in quotes. */
bool complete_help(struct shell *sh, struct span text, struct completed *done);
void completed_free(struct completed *done);

#endif
