/* Lines of a batch: from a file, a pipe or the text of -c; 8-bit clean, nothing echoed, nothing dropped.
 *
 * What cannot be a command or an answer (a NUL byte, invalid UTF-8, a line without end) is an error that names the line.
 */
#ifndef SHELL_READER_H
#define SHELL_READER_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

enum { READER_LINE_MAX = 1024 * 1024 };

enum read_result {
    READ_LINE,
    READ_END,
    READ_INTERRUPTED,
    READ_BAD,    /* an error of this line: the next one can be read */
    READ_BROKEN, /* nothing more can be read */
};

struct reader {
    int fd; /* -1: only what is in `in` */
    struct buf in;
    size_t used;   /* bytes of in that were handed out */
    unsigned line; /* number of the line last handed out, from 1 */
    /* Called before a read that would wait: whoever writes the lines may be waiting for answers. */
    void (*before_wait)(void *context);
    void *context;
};

struct reader reader_of_fd(int fd);
struct reader reader_of_text(const char *text);
/* The next line without its LF or CR LF; *line is NUL-terminated and valid until the next call.  A last line may lack its
 * newline.  READ_END is not final on a terminal. */
enum read_result reader_next(struct reader *r, struct span *line, struct error *error);
/* A byte that was read but not handed out; false when there is none. */
bool reader_take_byte(struct reader *r, char *byte);
void reader_close(struct reader *r);

#endif
