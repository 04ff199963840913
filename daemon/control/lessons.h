/* Lessons: messages that somebody has said are spam or are not, on their way from whoever said so to learned.db.
 *
 * Control looks into no message: a sandboxed worker takes the example, one message at a time.  What was learned goes to
 * scan as a whole, soon after a change, no oftener for lessons than the setting learning.interval says, and first on every
 * connection.
 */
#ifndef CONTROL_LESSONS_H
#define CONTROL_LESSONS_H

#include "daemon/control/store_learned.h"
#include "daemon/role.h"

/* Opens config/learned.db; learning that cannot be stored is refused, and the log says why. */
void lessons_start(void);
void lessons_peer_up(enum role_id peer);
void lessons_peer_down(enum role_id peer);
/* False when the message is not one of learning; takes fd otherwise. */
bool lessons_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd);

/* Whether learning is on by the configuration in force. */
bool lessons_wanted(void);

/* As methods name them. */
extern const char *const lesson_kinds[LESSON_KINDS];

struct lesson {
    enum lesson_kind kind;
    const char *origin; /* "MID 7", "a message": what it is in the log */
    const char *who;
    bool is_told;    /* by whoever has an account of the machine */
    uint64_t client; /* of spamd, which hears of the outcome; 0: nobody but the log */
};
/* Takes over fd, a sealed memfd with the message; the rest is copied.  False when it is not taken, as the log has been
 * told. */
bool lessons_add(const struct lesson *lesson, int fd);

/* Those that wait are not learned from: what was learned is undone or forgotten, and they are older than that. */
void lessons_drop(const char *why);

/* Examples were undone or forgotten: scan is to know soon, whenever it heard of lessons. */
void lessons_changed(void);

#endif
