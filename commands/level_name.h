/* Levels of a cluster in words for people. */
#ifndef COMMANDS_LEVEL_NAME_H
#define COMMANDS_LEVEL_NAME_H

#include "engine/base/buf.h"

/* "Group eu", "Machine mx.example.com", "Cluster main" */
void level_put(struct buf *out, const char *level, const char *cluster);

#endif
