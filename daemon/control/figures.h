/* The numbers of engine/wire/figures.def, asked of the roles at the moment. */
#ifndef CONTROL_FIGURES_H
#define CONTROL_FIGURES_H

#include <jansson.h>

#include "daemon/role.h"

enum {
    FIGURES_QUEUE = 1u << ROLE_QUEUE,
    FIGURES_LOG = 1u << ROLE_LOG,
    FIGURES_SMTP = 1u << ROLE_SMTP,
    FIGURES_SPAMD = 1u << ROLE_SPAMD
};

/* result has "gauges", "moments", "counters" and "rates" as far as they were asked for and came, and in "others" what
 * roles told besides.  missing names the roles that did not answer; NULL: all did.  Both are valid during the call. */
typedef void figures_done(void *context, json_t *result, const char *missing);

struct figures_query;

/* Asks some roles (bits); done comes when all have answered, or after five seconds, and never from inside this call. */
struct figures_query *figures_ask(unsigned roles, figures_done *done, void *context);
/* Asks log alone, which begins its count since the reset anew in the name of who; a refusal is in "refused". */
struct figures_query *figures_reset(struct span who, figures_done *done, void *context);
/* done is not to be called any more. */
void figures_forget(struct figures_query *q);

/* MSG_STATUS_REPLY, MSG_COUNTERS_REPLY */
void figures_status_reply(enum role_id peer, struct wire_reader *in);
void figures_counters_reply(enum role_id peer, struct wire_reader *in);

#endif
