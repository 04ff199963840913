/* The methods of the control socket: one table row each. */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

#include <jansson.h>

#include "daemon/control/session.h"

/* Runs the method named in request; it answers through session_text() and session_end(). */
void method_call(struct session *s, json_t *request);

#endif
