/* Levels of a cluster in words for people. */
#include "commands/level_name.h"

#include <string.h>

void level_put(struct buf *out, const char *level, const char *cluster)
{
    const char *name = strchr(level, '/');
    if (!name)
        buf_printf(out, "Cluster %s", cluster);
    else
        buf_printf(out, "%s %s", level[0] == 'g' ? "Group" : "Machine", name + 1);
}
