/* Machine code that the expressions of rules were compiled to: writable while it is made, and never again. */
#ifndef SCAN_EXECUTABLE_MEMORY_H
#define SCAN_EXECUTABLE_MEMORY_H

#include <stdbool.h>

#include "engine/base/error.h"

/* Takes writing away from all memory of this process that may be both written and executed; what was compiled runs on,
 * also in processes forked later, but nothing can be compiled or freed there any more.  To be called after the last
 * compilation; it reads /proc/self/maps.  False when the kernel refuses. */
bool executable_memory_seal(struct error *error);

#endif
