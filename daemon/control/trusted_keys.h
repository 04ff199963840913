/* The trust store of this instance (R25), read when the role starts: a new key counts from the next start on. */
#ifndef CONTROL_TRUSTED_KEYS_H
#define CONTROL_TRUSTED_KEYS_H

#include "engine/trust/trust.h"

/* Before the sandbox closes.  A folder that cannot be used is logged, and nobody is trusted: mail must not stop for it. */
void trusted_keys_start(void);

/* Never NULL once started; the role's. */
const struct trust_store *trusted_keys(void);
/* Why there are none although a folder was named; "" when all is well. */
const char *trusted_keys_trouble(void);

#endif
