/* A shell with a script: it answers questions, plays the daemon, and keeps what was shown and what was sent.
 *
 * On a "terminal" the output is the transcript of the screen, answers included.
 */
#ifndef TESTS_FAKE_SHELL_H
#define TESTS_FAKE_SHELL_H

#include "commands/command.h"

struct fake_reply {
    const char *method;
    enum api_status status;
    json_t *result;   /* also of a failed request; NULL: none */
    const char *text; /* "text" parts; NULL: none */
};

enum { FAKE_MOST = 32 };

struct shell {
    bool interactive;
    const char *answers[FAKE_MOST]; /* in order; behind the last the input ends */
    size_t answer_count, answers_read;
    const char *data; /* for shell_read_data() */
    const char *quoted;
    bool interrupted, left;
    const char *level;   /* its mode in a cluster; NULL: in none */
    const char *command; /* first word of the line that is run */
    json_t *tables;      /* name -> rows of config.get */
    struct fake_reply replies[FAKE_MOST];
    size_t reply_count;
    struct buf shown; /* text, errors, prompts with their answers */
    struct buf sent;  /* requests, compact with sorted keys, a line each */
    json_t *values;   /* of --json */
    unsigned told;    /* errors */
    unsigned hidden;  /* answers that are not to be logged */
};

/* Tables hold their defaults. */
struct shell *fake_shell(bool interactive);
void fake_shell_free(struct shell *sh);

/* Answers of the dialogue, ended by NULL. */
void fake_answers(struct shell *sh, ...) __attribute__((sentinel));
/* The next answer to requests of this method; result and text may be NULL. */
void fake_reply(struct shell *sh, const char *method, enum api_status status, const char *result,
                const char *text);
/* Puts a row into a table. */
void fake_row(struct shell *sh, const char *table, const char *row);
/* Runs one line given as words, ended by NULL. */
enum api_status fake_run(struct shell *sh, ...) __attribute__((sentinel));
/* What was shown or sent since the last call, as a string valid until the next. */
const char *fake_shown(struct shell *sh);
const char *fake_sent(struct shell *sh);

#endif
