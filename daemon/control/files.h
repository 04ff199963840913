/* The methods file.read and file.write: files of the folder configuration/, for imports and exports. */
#ifndef CONTROL_FILES_H
#define CONTROL_FILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

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
/* The name in the request, or NULL after the session was told. */
const char *files_name_of(uint64_t session, const json_t *request);
/* A file in pieces: begin, add, finish; after that, and after a failure of any, files_drop_upload(). */
bool files_begin_upload(uint64_t session, const char *name, struct file_upload *upload, struct error *error);
bool files_add_to_upload(struct file_upload *upload, const char *text, size_t length, struct error *error);
bool files_finish_upload(uint64_t session, const struct file_upload *upload, struct error *error);
/* The session ends: what has not come to its end goes. */
void files_drop_upload(uint64_t session, struct file_upload *upload);

#endif
