/* Finding the files that belong to the programs. */
#define _GNU_SOURCE /* readlink */
#include "daemon/paths.h"

#include <string.h>
#include <unistd.h>

const char *paths_find(const char *name, const char *installed_dir)
{
    static struct buf path;
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        char *slash = strrchr(self, '/');
        buf_clear(&path);
        buf_printf(&path, "%.*s/%s", (int)(slash - self), self, name);
        if (access(buf_text(&path), R_OK) == 0)
            return path.data;
    }
    buf_clear(&path);
    buf_printf(&path, "%s/%s", installed_dir, name);
    return buf_text(&path);
}
