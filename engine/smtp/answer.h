/* The answers of an SMTP server, one table (answers.def) for parsers and listener. */
#ifndef SMTP_ANSWER_H
#define SMTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum smtp_answer {
    SMTP_ANSWER_NONE, /* nothing is wrong, nothing to say */
#define ANSWER(id, code, enhanced, text) SMTP_ANSWER_##id,
#include "engine/smtp/answers.def"
#undef ANSWER
    SMTP_ANSWER_COUNT
};

struct smtp_answer_row {
    uint16_t code;
    const char *enhanced; /* "" when the answer has none */
    const char *text;
};

extern const struct smtp_answer_row smtp_answer_table[SMTP_ANSWER_COUNT];

/* Appends the answer as one line with its CRLF. */
void smtp_answer_put(struct buf *out, enum smtp_answer answer);
/* True for what a client that keeps to the protocol never gets. */
bool smtp_answer_is_error(enum smtp_answer answer);

#endif
