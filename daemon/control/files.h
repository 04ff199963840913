/* The methods file.read and file.write: files of the folder configuration/, for imports and exports. */
#ifndef CONTROL_FILES_H
#define CONTROL_FILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { FILE_NAME_MAX = 64 };
#define FILE_BYTES_MAX ((int64_t)64 * 1024 * 1024)

/* A file on its way in, under a temporary name until its last piece. */
struct file_upload {
    char name[FILE_NAME_MAX + 1]; /* empty: none */
    int fd;
    int64_t size;
};

void files_read(uint64_t session, json_t *request);
void files_write(uint64_t session, json_t *request);
/* The session ends: what has not come to its end goes. */
void files_drop_upload(uint64_t session, struct file_upload *upload);

#endif
