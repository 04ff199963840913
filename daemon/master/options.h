/* The command line of mailwardd. */
#ifndef MASTER_OPTIONS_H
#define MASTER_OPTIONS_H

#include <stdbool.h>

#include "engine/schema/settings.h"

enum option_id {
#define OPTION(id, name, argument, help) OPTION_##id,
#include "daemon/master/options.def"
#undef OPTION
    OPTION_COUNT
};

struct option_row {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *help;
};

extern const struct option_row option_rows[OPTION_COUNT];

struct options {
    const char *dir; /* state folder */
    bool is_private, foreground, hold;
    int action;               /* OPTION_STOP, _CHECK, _BACKUP or _RESTORE; 0: run */
    const char *file;         /* of the backup */
    struct settings settings; /* to be freed, whatever the result */
};

enum options_result { OPTIONS_RUN, OPTIONS_TOLD, OPTIONS_WRONG };

/* Reads the command line; what was only a question (--help) or is wrong has been answered. */
enum options_result options_read(struct options *options, int argc, char **argv);

#endif
