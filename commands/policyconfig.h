/* The parts of policyconfig. */
#ifndef COMMANDS_POLICYCONFIG_H
#define COMMANDS_POLICYCONFIG_H

#include "commands/command.h"

/* The questions about the anti-spam block of a policy (policy_antispam.c). */
extern const struct form policy_antispam_form;
/* The same without "on or off": for a block that is on. */
extern const struct form policy_antispam_details;

#endif
