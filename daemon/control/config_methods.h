/* The methods config.*: the configuration as the control socket gives and takes it. */
#ifndef CONTROL_CONFIG_METHODS_H
#define CONTROL_CONFIG_METHODS_H

#include "daemon/control/session.h"

/* Why a table that each machine has for itself (its name is the detail) is not touched at another level. */
#define CONFIG_MACHINE_ONLY "%s is restricted to \"machine\" mode: each machine has its own"

/* config_methods_edit.c */
void config_edit(uint64_t session, json_t *request);

/* config_methods_read.c: as much at a time as the shell takes */
void config_get(uint64_t session, json_t *request);
void config_keys(uint64_t session, json_t *request);
void config_show(uint64_t session, json_t *request);

/* config_export.c, config_reset.c */
void config_export(uint64_t session, json_t *request);
void config_reset(uint64_t session, json_t *request);

/* config_methods.c: the candidate as a whole, and what is behind it */
void config_changes(uint64_t session, json_t *request);
void config_clear(uint64_t session, json_t *request);
void config_rebase(uint64_t session, json_t *request);

/* config_methods_revisions.c */
void config_rollback(uint64_t session, json_t *request);
void config_history(uint64_t session, json_t *request);
void config_label(uint64_t session, json_t *request);
void config_diff(uint64_t session, json_t *request);

/* config_methods_commit.c */
void config_commit(uint64_t session, json_t *request);
void config_lookup(uint64_t session, json_t *request);

/* config_methods_confirm.c */
void config_confirm(uint64_t session, json_t *request);
/* What is pending, or null. */
json_t *config_confirmation_json(void);

/* config_mode.c */
void config_mode(uint64_t session, json_t *request);
/* {"level": ..., "cluster": name or "", "hostname": ...} */
json_t *config_mode_json(struct session_info *info);
/* The head has changed: people whose mode, prompt or changes that concerns are told. */
void config_mode_tell_all(void);
/* Where the methods of this session act.  Valid until its next request. */
struct config_place config_place_of(uint64_t session);
/* Whether its mode lets it call this method; false after the session was told. */
bool config_mode_allows(struct session_info *info, const char *method);
/* Whether there is such a level; false after the session was told. */
bool config_check_level(uint64_t session, const char *level);
/* Whether a table that all machines of the cluster have in common would be set below the cluster. */
bool config_is_level_too_low(const struct config_place *place, const struct schema_table *table);

/* config_levels.c, config_setting.c */
void config_level(uint64_t session, json_t *request);
void config_levels(uint64_t session, json_t *request);
void config_setting(uint64_t session, json_t *request);

/* cluster.c */
void cluster_change(uint64_t session, json_t *request);
void cluster_list(uint64_t session, json_t *request);

/* ---- what they share ---- */

/* Commits this tree (taken over), made on the head; the session has no changes of its own, and has none afterwards. */
void config_commit_at_once(uint64_t session, const json_t *request, struct config_tree *tree,
                           const char *comment);

/* The table that the member `table` names, or NULL after the session was told. */
const struct schema_table *config_table_of(uint64_t session, const json_t *request);
/* The number of a revision that is named by number, label or "running"; false after the session was told. */
bool config_find_revision(uint64_t session, const char *text, uint64_t *revision);
/* {"changes": [...], "count": n}: a new reference. */
json_t *config_changes_json(const struct config_tree *before, const struct config_tree *after);
/* The first table that differs and that the role may not edit, or NULL. */
const struct schema_table *config_forbidden(enum permit_role role, const struct config_tree *before,
                                            const struct config_tree *after);
/* Gathers a conflict. */
void config_add_conflict(struct told_list *list, const struct config_conflict *conflict);
/* Ends the request with them (taken over; the list is empty then); since: the revision that the candidate was made on. */
void config_fail_conflicts(uint64_t session, struct told_list *list, uint64_t since);
/* A text that may be NULL, and a number for which 0 is none, as JSON. */
json_t *config_text_json(const char *text);
json_t *config_revision_json(uint64_t revision);

#endif
