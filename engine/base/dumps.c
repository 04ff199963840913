/* Both ways that Linux has: the one is for files, the other for whatever the kernel pipes a dump to, and for tracers. */
#include "engine/base/dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void dumps_forbid(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
