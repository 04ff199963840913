/* The answers of an SMTP server. */
#include "engine/smtp/answer.h"

const struct smtp_answer_row smtp_answer_table[SMTP_ANSWER_COUNT] = {
#define ANSWER(id, code, enhanced, text) [SMTP_ANSWER_##id] = {code, enhanced, text},
#include "engine/smtp/answers.def"
#undef ANSWER
};

void smtp_answer_put(struct buf *out, enum smtp_answer answer)
{
    const struct smtp_answer_row *row = &smtp_answer_table[answer];
    buf_printf(out, "%u %s%s%s\r\n", row->code, row->enhanced, row->enhanced[0] ? " " : "", row->text);
}

bool smtp_answer_is_error(enum smtp_answer answer)
{
    uint16_t code = smtp_answer_table[answer].code;
    return (code >= 500 && code <= 504) || code == 555;
}
