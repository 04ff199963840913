/* PCRE2 maps its machine code for writing and executing at once and tells nobody where; the kernel knows. */
#define _GNU_SOURCE
#include "daemon/scan/executable_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

bool executable_memory_seal(struct error *error)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return error_set_errno(error, "/proc/self/maps");
    char line[4352]; /* a path, and what stands before it */
    bool ok = true;
    while (ok && fgets(line, sizeof line, maps)) {
        uintptr_t begin, end;
        char rights[5];
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, rights) != 3 ||
            strncmp(rights, "rwx", 3) != 0)
            continue;
        if (mprotect((void *)begin, end - begin, PROT_READ | PROT_EXEC) != 0)
            ok = error_set_errno(error, "compiled rules cannot be made read-only");
    }
    fclose(maps);
    return ok;
}
