/* The methods `tail`, `grep` and `logs`: the files of a log are read in a short-lived child process, so that neither a
 * large log nor a slow expression holds up the other sessions. */
#ifndef CONTROL_LOG_QUERY_H
#define CONTROL_LOG_QUERY_H

#include <jansson.h>
#include <stdint.h>

/* All answer the session themselves, errors included. */
void log_query_tail(uint64_t session, json_t *request);
void log_query_grep(uint64_t session, json_t *request);
void log_query_names(uint64_t session, json_t *request);

#endif
