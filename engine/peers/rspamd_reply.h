/* The answer of rspamd's /checkv2: JSON. */
#ifndef PEERS_RSPAMD_REPLY_H
#define PEERS_RSPAMD_REPLY_H

#include "engine/peers/peer.h"

enum { RSPAMD_REPLY_MOST = 2 * 1024 * 1024 }; /* bytes that are read of one */

/* symbols is emptied, filled, and what verdict points into.  False when the text is no such answer. */
bool rspamd_reply_parse(struct span json, struct buf *symbols, struct peer_verdict *verdict);

#endif
