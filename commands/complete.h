/* What may come next in a line that is being typed, for TAB and `?`: read from the same tables as batch lines. */
#ifndef COMMANDS_COMPLETE_H
#define COMMANDS_COMPLETE_H

#include "commands/command.h"

struct completion {
    const char *word; /* as it is to be typed: one with blanks is in quotes.  One that ends in '=' goes on */
    const char *text; /* what it means, one line; "" when the word says it */
};

struct completions {
    struct arena *arena; /* of all that follows */
    struct completion *items;
    size_t count;
    struct buf hint; /* what else may come: "FILE|-"; empty: nothing */
};

/* words: those before the one that is being typed, of which partial is there already.  Names come from the daemon; when
 * it is not quick enough they are missing.  End it with completions_free(). */
void complete_words(struct shell *sh, int count, char **words, const char *partial, struct completions *c);
void completions_free(struct completions *c);

#endif
