/* Who is known to send mail in bulk: services that mail for others, and social networks.
 *
 * A list is a text file with a row for each mark of a sender, three words and a name, separated by blanks:
 *     social   domain  example.net     Example Network
 *     service  header  X-Example-Id    Example Mail
 * A domain stands for all below it.  A line that begins with '#' is a comment.
 */
#ifndef SCAN_KNOWN_SENDERS_H
#define SCAN_KNOWN_SENDERS_H

#include "engine/base/span.h"
#include "engine/mime/view.h"
#include "engine/scan/rules.h"

enum known_sender_kind { KNOWN_SERVICE, KNOWN_SOCIAL, KNOWN_SENDER_KINDS };

struct known_senders;

struct known_sender {
    enum known_sender_kind kind;
    const char *where; /* "from", "envelope", "signature", "list", "header" or "link" */
    struct span name;
};

enum { KNOWN_SENDERS_FOUND_MAX = 16 };

/* Reads a list into *list (NULL: there is none yet), which points into text and file.  What is wrong is told and left
 * out. */
void known_senders_read(struct known_senders **list, const char *file, struct span text,
                        struct scan_rule_complaints *complaints);
/* To be called once, before the first search. */
void known_senders_sort(struct known_senders *list);
void known_senders_free(struct known_senders *list);

/* Who is behind a message, by its From, its envelope, what signed it (DKIM), its List-* headers, the names of its
 * headers, and where its links lead; each (kind, where, name) once.  Returns how many.  list may be NULL. */
size_t known_senders_find(const struct known_senders *list, const struct mime_view *view, struct span sender,
                          struct known_sender found[KNOWN_SENDERS_FOUND_MAX]);

const char *known_sender_kind(enum known_sender_kind kind); /* "service", "social" */

#endif
