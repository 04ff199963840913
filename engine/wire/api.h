/* The control socket's protocol (doc/control-api.md): limits, exit statuses and kinds of error that both sides share. */
#ifndef WIRE_API_H
#define WIRE_API_H

enum { API_PROTOCOL = 2, API_FRAME_MAX = 16 * 1024 * 1024, API_REQUEST_MAX = 1024 * 1024 };

/* The exit status of every channel; one meaning each. */
enum api_status {
    API_DONE = 0,
    API_FAILED = 1,      /* no such object, wrong state */
    API_USAGE = 2,       /* unknown command, bad argument or value */
    API_REFUSED = 3,     /* role, level, licence */
    API_INVALID = 4,     /* validation or prepare failed at commit, nothing changed */
    API_CONFLICT = 5,    /* with another commit, nothing changed */
    API_UNREACHABLE = 6, /* daemon unreachable or gave up; known not done */
    API_DISCARDED = 7,   /* input ended with uncommitted changes */
    API_NOT_APPLIED = 8, /* committed here, not yet applied everywhere */
    API_UNKNOWN_OUTCOME = 9,
    API_INTERRUPTED = 130,
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
