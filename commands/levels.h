/* What a cluster adds to every command: the modes that it may be run in, the notice of a mode without settings of its own,
 * and the words clusterset and clustershow. */
#ifndef COMMANDS_LEVELS_H
#define COMMANDS_LEVELS_H

#include "commands/command.h"
#include "commands/level_name.h"
#include "commands/ui.h"

/* The words `cluster`, `group NAME`, `machine [NAME]` as a level; false when they are none. */
bool level_read(int count, char **words, struct buf *level);

/* The tables that a command sets, one bit each; 0: none. */
unsigned long command_tables(const struct command *command);

/* Those that can be set at any level, and not for a machine alone: what clusterset can place. */
unsigned long command_shared_tables(const struct command *command);

/* The verbs clusterset and clustershow, which every command with tables has; the daemon refuses to place what is not
 * shared. */
extern const struct verb level_verbs[];
/* Those for the menu of the command that is running; NULL when this machine is in no cluster, or the command has no
 * shared tables. */
const struct verb *level_menu(struct shell *sh);

/* Whether the command may be run in the mode of this session.  A person is asked whether to change the mode, and what to do
 * where the mode has no settings of this command yet. */
enum ui_result level_begin(struct shell *sh, const struct command *command, int count, char **words);

#endif
