/* What administrators type: lines of the shell that come with its requests, logged in cli_logs. */
#ifndef CONTROL_TYPED_H
#define CONTROL_TYPED_H

#include "daemon/control/session.h"
#include "engine/base/error.h"

/* Logs the lines that a request brought, or, when it has no member "typed", the method; and takes that member off it.
 * False when it is not as it should be. */
bool typed_log(const struct session_info *session, const char *method, json_t *request, struct error *error);

#endif
