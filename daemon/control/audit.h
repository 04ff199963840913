/* Records of what was done, by whom, with what outcome: table audit of config.db. */
#ifndef CONTROL_AUDIT_H
#define CONTROL_AUDIT_H

#include <stdbool.h>

#include "daemon/control/store_config.h"
#include "engine/base/error.h"

/* Records of a session that came and went: their detail is its number. */
#define AUDIT_OPEN "session.open"
#define AUDIT_CLOSE "session.close"

/* On disk at the return, together with all that was written soon. */
void audit_write(const char *user, const char *source, const char *method, const char *detail, int status);
/* The same within 200 ms: for sessions that come and go, which must not wait for the disk. */
void audit_write_soon(const char *user, const char *source, const char *method, const char *detail,
                      int status);
/* Writes now what was to be written soon. */
void audit_flush(void);

/* Those of sessions that were let in, newest first, until visit returns false. */
bool audit_each_session(bool (*visit)(const struct store_config_audit *record, void *context), void *context,
                        struct error *error);

/* For head.c: where records go, and records that join the transaction of a commit. */
void audit_open(struct store_config *store);
bool audit_put_gathered(struct error *error);
/* That transaction is on disk. */
void audit_forget_gathered(void);

#endif
