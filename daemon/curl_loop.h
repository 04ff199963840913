/* libcurl's multi interface on the loop of a role: transfers go on by themselves. */
#ifndef DAEMON_CURL_LOOP_H
#define DAEMON_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "engine/base/error.h"

/* Once a process.  flags: those of curl_global_init().  ended is called for each transfer that is over; it takes the handle
 * out and may take out others.  NULL when libcurl cannot be used. */
CURLM *curl_loop_start(long flags, void (*ended)(CURL *easy, CURLcode result), struct error *error);

#endif
