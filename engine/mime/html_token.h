/* A forgiving HTML tokenizer: text and tags out of blocks of valid UTF-8, without a tree.
 *
 * It reads as browsers do where hostile mail would profit from a difference: comments (an unclosed one hides
 * the rest), raw text elements such as script and style (left out), attributes without quotes, "<" in text.
 * Memory is the struct alone, whatever comes.
 */
#ifndef MIME_HTML_TOKEN_H
#define MIME_HTML_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/span.h"
#include "engine/mime/html_element.h"

/* The attributes that are kept; all others are skipped. */
enum html_attribute {
    HTML_ACTION,
    HTML_BACKGROUND,
    HTML_BGCOLOR,
    HTML_CLASS,
    HTML_COLOR,
    HTML_HIDDEN,
    HTML_HREF,
    HTML_STYLE,
    HTML_TEXT,
    HTML_ATTRIBUTES
};

enum { HTML_REFERENCE_MOST = 32, HTML_VALUE_MOST = 2048, HTML_VALUES_MOST = 6144 };

struct html_tag {
    char name[HTML_NAME_MOST + 1];      /* lower case, padded with NULs; a longer name is cut */
    const struct html_element *element; /* never NULL */
    bool closing;                       /* "</name>" */
    bool has[HTML_ATTRIBUTES];
    struct span
        value[HTML_ATTRIBUTES]; /* entities decoded, at most HTML_VALUE_MOST bytes; the first one counts */
};

struct html_handler {
    void (*text)(void *context, struct span utf8);
    void (*tag)(void *context, const struct html_tag *tag);
    void *context;
};

struct html_tokenizer {
    struct html_handler handler;
    int state;
    unsigned seen; /* state by state: characters of a delimiter seen, or the quote */
    struct html_tag tag;
    size_t name_size;
    char attribute[HTML_NAME_MOST + 1];
    size_t attribute_size;
    int kept; /* which attribute a value is kept for, or -1 */
    char entity[HTML_REFERENCE_MOST];
    size_t entity_size;
    char values[HTML_VALUES_MOST];
    size_t values_size;
};

void html_begin(struct html_tokenizer *t, struct html_handler handler);
/* utf8 must end at the end of a character. */
void html_feed(struct html_tokenizer *t, struct span utf8);
void html_finish(struct html_tokenizer *t);

#endif
