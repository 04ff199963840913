/* Feature keys (R25): which parts of the product may be used, until when, and who is told of an end.
 *
 * What this version has comes with a key of its own (engine/schema/features.def); others are signed
 * (engine/package/feature_key.h) and kept in config.db.  A part without a valid key is off, whatever its settings say;
 * mail flows on. */
#ifndef CONTROL_FEATURE_KEYS_H
#define CONTROL_FEATURE_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/role.h"
#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/package/feature_key.h"

/* Once head and trusted keys are there, before the sandbox closes. */
bool feature_keys_start(struct error *error);
/* Queue and spamd tell with each message what is off. */
void feature_keys_peer_up(enum role_id peer);

/* Whether a part of this name is there and may be used. */
bool feature_keys_allow(const char *name);

/* Whether a line (feature_key_clean() it first) is a key for this gateway; false, with the reason, when it is none. */
bool feature_keys_read(struct span line, struct feature_key *terms, struct error *error);
/* The same, and keeps it.  True also for one that was kept before: then *name is its
 * feature and *is_new false.  False, with the reason, when it does not count. */
bool feature_keys_activate(struct span line, const char *user, const char **name, bool *is_new,
                           struct error *error);
/* Whether a line is kept. */
bool feature_keys_has(struct span line);
/* An array: feature, what it is, status, expires (microseconds; null: never), remaining (seconds). */
json_t *feature_keys_json(void);

/* ---- methods (feature_methods.c) ---- */

void feature_list(uint64_t session, json_t *request);
void feature_activate(uint64_t session, json_t *request);
void feature_check(uint64_t session, json_t *request);

/* ---- files of the folder configuration (feature_files.c) ---- */

/* Looks once an hour, when it is told to by featurekeyconfig. */
void feature_files_tick(void);
/* Looks now; an array of {file, feature, activated} of those that are new. */
json_t *feature_files_look(void);

#endif
