#include "engine/base/dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* The limit is for what dumps into files; a program that the kernel pipes dumps to is not held up by it. */
void dumps_forbid(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
