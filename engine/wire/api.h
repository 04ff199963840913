/* The control socket's protocol (doc/control-api.md): limits, exit statuses and kinds of error that both sides share. */
#ifndef WIRE_API_H
#define WIRE_API_H

enum { API_PROTOCOL = 2, API_FRAME_MAX = 16 * 1024 * 1024, API_REQUEST_MAX = 1024 * 1024 };

/* Bounds of what an administrator types, which the shell tells in his words. */
enum {
    API_COMMENT_MAX = 1000,
    API_TAIL_LINES_MAX = 10000,
    API_ALERTS_MAX = 1000,
    API_LAST_MAX = 1000,
    API_RATE_SECONDS_MAX = 3600,
    API_RATE_ROWS_MAX = 1000000,
    API_TYPED_MAX = 100,             /* typed lines that go with a request */
    API_TYPED_BYTES_MAX = 4096,      /* of one of them, and of its prompt */
    API_CONFIRM_MAX = 7 * 24 * 3600, /* seconds until a commit must be confirmed */
    API_MIDS_MAX = 10000,            /* messages that a request names */
    API_LEARNING_UNDO_MAX = 100,     /* changes that can be undone */
};

/* The exit status of every channel; one meaning each. */
enum api_status {
#define STATUS(id, number, help) API_##id = number,
#include "engine/wire/statuses.def"
#undef STATUS
};

enum api_error {
#define ERROR(id, code, status, phrase) API_ERROR_##id,
#include "engine/wire/errors.def"
#undef ERROR
    API_ERROR_COUNT
};

struct api_error_row {
    const char *code;
    enum api_status status;
    const char *phrase; /* with at most one %s */
};

extern const struct api_error_row api_errors[API_ERROR_COUNT];

#endif
