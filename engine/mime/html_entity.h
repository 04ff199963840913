/* Character references of HTML: "&eacute;", "&#233;", "&#xE9;". */
#ifndef MIME_HTML_ENTITY_H
#define MIME_HTML_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/span.h"

enum { HTML_ENTITY_UTF8_MOST = 4 };

/* May c be part of a reference, after "&"? */
bool html_entity_char(char c);

/* Writes the character that "&name;" means, without "&" and ";"; returns its size, 0 when there is none. */
size_t html_entity_decode(struct span name, char utf8[HTML_ENTITY_UTF8_MOST]);

/* Decodes the references in an attribute value in place and drops tabs and line ends, as browsers do in URLs;
 * returns the new size, which is never larger. */
size_t html_entities_decode(char *text, size_t size);

#endif
