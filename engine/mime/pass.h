/* What one pass over a message carries along; private to engine/mime. */
#ifndef MIME_PASS_H
#define MIME_PASS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"
#include "engine/mime/view.h"

/* Text that stops growing at its limit, always at the end of a character. */
struct mime_text {
    char *data;
    size_t size;
    size_t limit;
    bool cut; /* something did not fit */
};

struct mime_pass {
    struct span message;
    size_t pos;          /* what comes before it is done */
    size_t header_begin; /* of the top-level header */
    const struct mime_limits *limits;
    const struct mime_budget *budget;
    size_t unasked; /* input bytes since the budget was asked last */
    bool stopped;   /* the budget ended the pass */
    struct arena *arena;
    struct mime_view *view;
    struct mime_text text, hidden;
    size_t linked; /* bare URLs were looked for in text up to here */
};

/* Appends as many whole characters of utf8 as fit. */
void mime_text_append(struct mime_text *text, struct span utf8);

/* Counts input bytes about to be worked on; true when the budget has ended the pass. */
bool mime_pass_spend(struct mime_pass *pass, size_t bytes);

/* Room for one more element in an array of the arena that holds count; doubles when it is full. */
void *mime_pass_grow(struct mime_pass *pass, void *array, size_t count, size_t size);

/* Keeps a link with its visible text and counts it when text and target name different hosts. */
void mime_pass_add_url(struct mime_pass *pass, struct span target, struct span text);

/* Looks for bare URLs in the text that came since the last call. */
void mime_pass_find_urls(struct mime_pass *pass);

/* walk.c: from pass->pos, the begin of the header, to the end of the message. */
void mime_walk(struct mime_pass *pass);

#endif
