/* The part of imsandgraymailconfig that is about Intelligent Multi-Scan. */
#ifndef COMMANDS_MULTISCAN_H
#define COMMANDS_MULTISCAN_H

#include "commands/command.h"

extern const struct verb multiscan_verbs[];
enum api_status multiscan_ask_menu(struct shell *sh, void *context);

#endif
