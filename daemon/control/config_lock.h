/* The advisory lock of the configuration: a note of one session that all others see.  It holds up nobody: whoever commits
 * meanwhile is warned, and so is whoever logs in.  It ends with its session.
 */
#ifndef CONTROL_CONFIG_LOCK_H
#define CONTROL_CONFIG_LOCK_H

#include <jansson.h>
#include <stdint.h>

void config_lock(uint64_t session, json_t *request);
/* {"session","user","since","comment"}, or null. */
json_t *config_lock_json(void);
/* "admin has locked the configuration since ...", for any session but the one that has the lock (0: for all); NULL: there is nothing
 * to tell.  Valid until the next call. */
const char *config_lock_notice(uint64_t session);
/* The session ends. */
void config_lock_forget(uint64_t session);

#endif
