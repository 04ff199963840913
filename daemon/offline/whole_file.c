/* Reading and writing whole files. */
#define _GNU_SOURCE /* fileno */
#include "daemon/offline/whole_file.h"

#include <stdio.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

bool whole_file_read(const char *path, size_t most, struct buf *out, struct error *error)
{
    size_t got, before = out->len;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set_errno(error, "%s", path);
    do {
        got = fread(buf_reserve(out, READ_BYTES), 1, READ_BYTES, file);
        out->len += got;
    } while (got && out->len - before <= most);
    bool good = !ferror(file) || error_set_errno(error, "%s", path);
    fclose(file);
    return good && (out->len - before <= most || error_set(error, "%s: larger than %zu bytes", path, most));
}

bool whole_file_write(const char *path, struct span content, struct error *error)
{
    struct buf other = {0};
    buf_printf(&other, "%s.new", path);
    FILE *file = fopen(buf_text(&other), "wbe");
    bool good = file && fwrite(content.p, 1, content.n, file) == content.n && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    if (file && fclose(file) != 0)
        good = false;
    good = (good && rename(buf_text(&other), path) == 0) || error_set_errno(error, "%s", path);
    buf_free(&other);
    return good;
}
