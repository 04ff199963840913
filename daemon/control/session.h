/* One shell at the control socket (doc/control-api.md): frames in, answers out, who is at the other end.
 *
 * Sessions are named by number, so that every answer is safe after the shell has gone: it is then dropped.
 */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/control/config_session.h"
#include "daemon/control/files.h"
#include "daemon/control/permit.h"
#include "daemon/control/who.h"
#include "daemon/hostname.h"
#include "engine/base/span.h"
#include "engine/wire/api.h"

/* Takes over fd, asks the kernel who connected (SO_PEERCRED) and greets.  Refuses by a last answer and closes
 * when that account may not use this instance. */
void session_open(int fd);

enum { SESSION_FROM_MAX = 255, SESSION_PROGRAM_MAX = 63, SESSION_LEVEL_MAX = 299, SESSION_CLUSTER_MAX = 64 };

struct session_info {
    uint64_t id;
    struct account account;
    pid_t pid; /* of the process that connected */
    bool in_admin_group;
    enum permit_role role;
    int64_t login;      /* wall, microseconds */
    int64_t active;     /* clock_mono_us() of the latest request or of its end */
    const char *method; /* that is being answered; NULL: none */
    /* As told by hello, unverified; made safe to show. */
    char from[SESSION_FROM_MAX + 1], program[SESSION_PROGRAM_MAX + 1];
    bool terminal;
    /* Its mode (config_mode.c). */
    char level[SESSION_LEVEL_MAX + 1];     /* "": this machine */
    char cluster[SESSION_CLUSTER_MAX + 1]; /* as it was told last */
    char hostname[HOSTNAME_SIZE];          /* the same */
    bool told_gone, told_lost; /* that its level, or one of its changes, does not exist any more */
    /* What the methods of configuration and files keep for it. */
    struct session_config config;
    struct file_upload upload;
};

/* NULL when the shell has gone. */
struct session_info *session_info(uint64_t session);
/* Sessions, newest first: the one behind `after` (NULL: the first), or NULL. */
const struct session_info *session_next(const struct session_info *after);

/* ---- the answer to the request in hand: parts, then one end ---- */

void session_text(uint64_t session, struct span text); /* valid UTF-8 */
void session_rows(uint64_t session, json_t *rows);     /* an array; taken over */
/* Adds value (taken over) to the array `member` of the end frame. */
void session_add(uint64_t session, const char *member, json_t *value);

/* result may be NULL; it is taken over. */
void session_done(uint64_t session, json_t *result);
/* The format makes the detail of the error's phrase; bytes that cannot be shown are made safe. */
void session_fail(uint64_t session, enum api_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with more members (taken over) in the end frame. */
void session_fail_with(uint64_t session, enum api_error error, json_t *members, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Ends the session when no request is in work: a last frame {"closed": text, "code": ...} says why.  One that does not
 * take it is closed at the second call.  An answer that was asked for is ended before, when that can be. */
void session_end(uint64_t session, enum api_error why, const char *text);

/* Gives the session the role that its account has now.  Changes of one who may make none any more are dropped; who has
 * lost every role is ended.  A commit in work is let go on. */
void session_judge(uint64_t session);

/* Tells the sessions of people, but for one of them (0: all), something that they did not ask for: a frame
 * {"notice": text} between answers or their parts. */
void session_notice(uint64_t but, const char *text);

/* Tells the session of a person, if it is one, something that concerns it alone: the text of a notice, and the mode that it
 * is to ask for before its next prompt (taken over); either may be NULL. */
void session_news(uint64_t session, const char *text, json_t *mode);

/* ---- requests that take longer than a call ---- */

/* True when the shell is behind in reading: whoever can stop adding to the answer does so until `resume`. */
bool session_is_full(uint64_t session);

struct session_work {
    void (*resume)(void *context); /* there is room again */
    /* The shell has gone or wants no more of it: clean up, and give no answer from now on. */
    void (*cancel)(void *context);
    void *context;
};
/* What goes on behind the request in hand until its end.  Without it a request cannot be cancelled. */
void session_begin_work(uint64_t session, const struct session_work *work);

#endif
