/* What other engines (peers) say of a message: facts for the judge, collected before it is called.
 *
 * A peer is rspamd or SpamAssassin's spamd.  Everything here has come from a network and from roles that talk to one, so
 * each get checks each value, and a fact that is not there is unknown, never zero points.
 */
#ifndef PEERS_PEER_H
#define PEERS_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"
#include "engine/wire/wire.h"

enum peer_id { PEER_RSPAMD, PEER_SPAMD, PEER_COUNT };

/* On the wire: numbers never change while a daemon runs. */
enum peer_state {
    PEER_NONE,      /* there is no such peer */
    PEER_ANSWERED,  /* the only state with a verdict */
    PEER_DOWN,      /* not asked, because it has not answered before */
    PEER_TIMED_OUT, /* or too late to be waited for */
    PEER_FAILED,    /* it could not be asked */
    PEER_USELESS,   /* it refused, hung up, or its answer was none */
    PEER_SKIPPED,   /* it answered that it has not looked at the message */
    PEER_CROWDED,   /* not asked: the message would have had to wait too long for its turn */
    PEER_STATE_COUNT
};

enum {
    PEER_POINTS_MOST = 1000 * 1000, /* thousandths: beyond a thousand points is a thousand */
    PEER_SYMBOL_MOST = 64,          /* bytes of one name */
    PEER_SYMBOLS_MOST = 1024,       /* bytes of all */
};

struct peer_verdict {
    enum peer_state state;
    bool spam;           /* by its own settings */
    int32_t points;      /* thousandths, within PEER_POINTS_MOST */
    int32_t required;    /* points from which on it calls mail spam (rspamd: refuses it), as points */
    struct span symbols; /* names of its rules that hit, separated by commas; see peer_symbols_add() */
};

/* "rspamd", "spamd" */
const char *peer_name(enum peer_id id);
/* Why there is no verdict: "timed out", ... */
const char *peer_state_text(enum peer_state state);

/* Thousandths of points; what is out of range becomes the end of the range, what is no number 0. */
int32_t peer_points(double points);
/* Adds a name to a list of them.  One that is longer than PEER_SYMBOL_MOST, has other characters than letters, digits, '_',
 * '-' and '.', or finds no room any more is left out. */
void peer_symbols_add(struct buf *symbols, struct span name);

/* What a verdict adds to the log-odds (natural logarithm) of spam; 0 for none.  Monotone in its points and bounded at both
 * ends: doc/antispam.md tells where the numbers come from. */
double peer_log_odds(enum peer_id id, const struct peer_verdict *verdict);

/* All PEER_COUNT of them. */
void peer_verdicts_put(struct buf *out, const struct peer_verdict *verdicts);
/* The texts point into the message.  Marks the reader as failed when one of them is not well-formed. */
void peer_verdicts_get(struct wire_reader *in, struct peer_verdict *verdicts);

/* Appends "12.3" */
void peer_points_print(struct buf *out, int32_t points);

#endif
