/* The methods `tail` and `grep`: reading the files of a log in a short-lived child process, so that neither a
 * large log nor a slow expression holds up the other sessions. */
#ifndef CONTROL_LOG_QUERY_H
#define CONTROL_LOG_QUERY_H

#include <jansson.h>
#include <stdint.h>

/* Both answer the session themselves, errors included. */
void log_query_tail(uint64_t session, json_t *request);
void log_query_grep(uint64_t session, json_t *request);

#endif
