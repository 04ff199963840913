/* Edits that were sent ahead and are not answered yet, oldest first, each with the command it came from. */
#ifndef SHELL_PIPELINE_H
#define SHELL_PIPELINE_H

struct shell;
struct report;

enum { PIPELINE_MAX = 512 };

struct pipeline {
    struct report *waiting[PIPELINE_MAX];
    unsigned first, count;
};

/* Takes answers until at most `most` are due; what failed has been told, in order. */
void pipeline_drain(struct shell *sh, unsigned most);

#endif
