/* What the commands about mail in the queue and in quarantine share. */
#ifndef COMMANDS_QUEUED_H
#define COMMANDS_QUEUED_H

#include "commands/command.h"

/* The rows of `method` (queue.list, quarantine.list) that match, as an array that the caller owns; NULL after an error,
 * with *status.  match NULL: all.  limit 0: all. */
json_t *queued_fetch(struct shell *sh, const char *method, const char *match, const char *text,
                     json_int_t limit, enum api_status *status);
/* "3 recipients deleted": does `operation` and tells what came of it.  mids NULL: all that match. */
struct queued_change {
    const char *method, *operation;
    const char *done;     /* the participle of the operation */
    const char *noun;     /* what is counted: "message" or "recipient" */
    const char *question; /* asked on a terminal when it is for more than single messages; NULL: never */
};
enum api_status queued_change(struct shell *sh, const struct queued_change *what, const char *match,
                              const char *text, json_t *mids);
/* Reads MIDs, or "all" alone (then *mids is NULL). */
enum api_status queued_read_mids(struct shell *sh, int count, char **words, json_t **mids);
/* Shows the message of this MID. */
enum api_status queued_show(struct shell *sh, const char *mid);

/* Which recipients of the queue: "host NAME", "sender ADDRESS" or "all"; what a command that takes it has in its
 * descriptor. */
#define QUEUED_SELECTION                                                                                     \
    .usage = "host NAME|sender ADDRESS|all",                                                                 \
    .details = "  host NAME              those at this host, which is what follows the @\n"                  \
               "  sender ADDRESS         those of mail from this envelope sender; \"<>\": of mail "          \
               "without one (bounces)\n"                                                                     \
               "  all                    all of the queue\n",                                                \
    .least_args = 1, .most_args = 2
struct queued_selection {
    const char *match;
    struct buf text; /* the caller frees it */
};
enum api_status queued_selection_read(struct shell *sh, const struct command *command, int count,
                                      char **words, struct queued_selection *selection);
/* The same as questions; question asks what is to be done. */
enum api_status queued_selection_ask(struct shell *sh, const char *question,
                                     struct queued_selection *selection);
/* Runs a change for the selection of a line, or (count 0) for what is asked for. */
enum api_status queued_change_selected(struct shell *sh, const struct command *command,
                                       const struct queued_change *what, int count, char **words,
                                       const char *question);

/* The cell of a column of the member "recipients": their addresses in one text. */
void queued_recipients_cell(struct buf *out, const json_t *row);
/* That of the member "sender": <> when it is empty. */
void queued_sender_cell(struct buf *out, const json_t *row);

#endif
