/* The parts of policyconfig. */
#ifndef COMMANDS_POLICYCONFIG_H
#define COMMANDS_POLICYCONFIG_H

#include "commands/command.h"

/* The questions about the anti-spam block of a policy (policy_antispam.c). */
extern const struct form policy_antispam_form;
/* The same without "on or off": for a block that is on. */
extern const struct form policy_antispam_details;
/* Of what a batch line gives: refuses an engine that is off for the whole gateway. */
enum api_status policy_check_engine(struct shell *sh, const struct answers *a);
/* The same two for the graymail block (policy_graymail.c). */
extern const struct form policy_graymail_form, policy_graymail_details;

/* ---- what all kinds of mail have in common (policy_treatment.c) ---- */

/* Subject and header are for mail that goes on: a dropped or bounced message has none. */
bool policy_goes_on(const struct answers *a, enum policy_kind kind);
/* A host takes the place of the quarantine: for a person who wants that he is not asked for one, but for what he has. */
bool policy_may_have_host(const struct answers *a, enum policy_kind kind);

/* For struct step. */
enum ui_result policy_ask_subject(struct shell *sh, const struct step *step, struct answers *a);
enum ui_result policy_ask_header(struct shell *sh, const struct step *step, struct answers *a);
enum ui_result policy_ask_host(struct shell *sh, const struct step *step, struct answers *a);
enum ui_result policy_ask_recipient(struct shell *sh, const struct step *step, struct answers *a);

#endif
