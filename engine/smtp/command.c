/* Commands of an SMTP client. */
#include "engine/smtp/command.h"

static const struct verb_row {
    char name[9];
    bool may_have_argument;
    size_t line_max;
} verb_table[SMTP_VERB_COUNT] = {
    [SMTP_VERB_HELO] = {"HELO", true, SMTP_COMMAND_MAX},
    [SMTP_VERB_EHLO] = {"EHLO", true, SMTP_COMMAND_MAX},
    [SMTP_VERB_MAIL] = {"MAIL", true, SMTP_COMMAND_PARAM_MAX},
    [SMTP_VERB_RCPT] = {"RCPT", true, SMTP_COMMAND_PARAM_MAX},
    [SMTP_VERB_DATA] = {"DATA", false, SMTP_COMMAND_MAX},
    [SMTP_VERB_RSET] = {"RSET", false, SMTP_COMMAND_MAX},
    [SMTP_VERB_NOOP] = {"NOOP", true, SMTP_COMMAND_MAX},
    [SMTP_VERB_QUIT] = {"QUIT", false, SMTP_COMMAND_MAX},
    [SMTP_VERB_VRFY] = {"VRFY", true, SMTP_COMMAND_MAX},
    [SMTP_VERB_HELP] = {"HELP", true, SMTP_COMMAND_MAX},
    [SMTP_VERB_STARTTLS] = {"STARTTLS", false, SMTP_COMMAND_MAX},
};

/* A tab is let through here: it can only stand where an argument is refused or made safe. */
static bool has_control_character(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 127)
            return true;
    return false;
}

static bool find_verb(struct span name, enum smtp_verb *verb)
{
    for (int v = 0; v < SMTP_VERB_COUNT; v++) {
        if (span_equal_nocase(name, span_text(verb_table[v].name))) {
            *verb = (enum smtp_verb)v;
            return true;
        }
    }
    return false;
}

enum smtp_answer smtp_command_parse(struct span line, struct smtp_command *out)
{
    if (line.n < 2 || line.p[line.n - 1] != '\n' || line.p[line.n - 2] != '\r')
        return SMTP_ANSWER_BAD_LINE_END;
    struct span text = span_slice(line, 0, line.n - 2);
    if (has_control_character(text))
        return SMTP_ANSWER_BAD_CHARACTER;
    size_t blank = span_find(text, ' ');
    if (!find_verb(span_slice(text, 0, blank), &out->verb))
        return SMTP_ANSWER_UNKNOWN_COMMAND;
    const struct verb_row *row = &verb_table[out->verb];
    if (line.n > row->line_max)
        return SMTP_ANSWER_LINE_TOO_LONG;
    out->argument = span_trim(span_slice(text, blank, text.n));
    if (out->argument.n && !row->may_have_argument)
        return SMTP_ANSWER_NO_ARGUMENT_ALLOWED;
    return SMTP_ANSWER_NONE;
}

/* Reads "KEYWORD:<path>"; *rest is what follows.  Blanks behind the colon are an error that people make by hand. */
static enum smtp_answer parse_path(struct span argument, struct span keyword, enum smtp_answer bad_syntax,
                                   enum smtp_answer bad_address, struct smtp_mailbox *out, struct span *rest)
{
    if (!span_starts_nocase(argument, keyword))
        return bad_syntax;
    *rest = span_trim(span_slice(argument, keyword.n, argument.n));
    switch (smtp_path_parse(rest, out)) {
    case SMTP_PATH_8BIT:
        return SMTP_ANSWER_ADDRESS_8BIT;
    case SMTP_PATH_BAD:
        return bad_address;
    case SMTP_PATH_OK:
        break;
    }
    return rest->n && rest->p[0] != ' ' ? bad_syntax : SMTP_ANSWER_NONE;
}

/* Takes the next parameter from *rest, which starts with blanks; value.p is NULL without '='.  False at the end. */
static bool next_parameter(struct span *rest, struct span *name, struct span *value)
{
    *rest = span_trim(*rest);
    if (rest->n == 0)
        return false;
    struct span word = span_slice(*rest, 0, span_find(*rest, ' '));
    size_t equals = span_find(word, '=');
    *name = span_slice(word, 0, equals);
    *value = equals < word.n ? span_slice(word, equals + 1, word.n) : (struct span){0};
    *rest = span_slice(*rest, word.n, rest->n);
    return true;
}

/* A parameter, and what reads its value into the argument; something wrong with it is the answer. */
struct parameter {
    const char *name;
    enum smtp_answer (*take)(void *argument, struct span value);
};

static enum smtp_answer take_parameters(struct span rest, const struct parameter *known, size_t count,
                                        void *argument)
{
    struct span name, value;
    unsigned seen = 0;
    while (next_parameter(&rest, &name, &value)) {
        size_t i = 0;
        while (i < count && !span_equal_nocase(name, span_text(known[i].name)))
            i++;
        if (i == count)
            return SMTP_ANSWER_UNKNOWN_PARAMETER;
        if (seen & 1u << i)
            return SMTP_ANSWER_PARAMETER_TWICE;
        seen |= 1u << i;
        enum smtp_answer wrong = known[i].take(argument, value);
        if (wrong)
            return wrong;
    }
    return SMTP_ANSWER_NONE;
}

static enum smtp_answer take_size(void *argument, struct span value)
{
    struct smtp_mail_argument *m = argument;
    return span_parse_u64(value, &m->size) ? SMTP_ANSWER_NONE : SMTP_ANSWER_BAD_SIZE;
}

static enum smtp_answer take_body(void *argument, struct span value)
{
    struct smtp_mail_argument *m = argument;
    m->body_8bit = span_equal_nocase(value, SPAN("8BITMIME"));
    return m->body_8bit || span_equal_nocase(value, SPAN("7BIT")) ? SMTP_ANSWER_NONE : SMTP_ANSWER_BAD_BODY;
}

static enum smtp_answer take_smtputf8(void *argument, struct span value)
{
    struct smtp_mail_argument *m = argument;
    m->utf8 = true;
    return value.p ? SMTP_ANSWER_BAD_SMTPUTF8 : SMTP_ANSWER_NONE;
}

static enum smtp_answer take_ret(void *argument, struct span value)
{
    struct smtp_mail_argument *m = argument;
    return smtp_return_parse(value, &m->returns) ? SMTP_ANSWER_NONE : SMTP_ANSWER_BAD_RET;
}

static enum smtp_answer take_envid(void *argument, struct span value)
{
    struct smtp_mail_argument *m = argument;
    m->envelope_id = value;
    return smtp_envelope_id_is_valid(value) ? SMTP_ANSWER_NONE : SMTP_ANSWER_BAD_ENVID;
}

enum smtp_answer smtp_mail_parse(struct span argument, struct smtp_mail_argument *out)
{
    static const struct parameter known[] = {
        {"SIZE", take_size},   {"BODY", take_body},         {"RET", take_ret},
        {"ENVID", take_envid}, {"SMTPUTF8", take_smtputf8},
    };
    struct span rest;
    *out = (struct smtp_mail_argument){0};
    enum smtp_answer wrong = parse_path(argument, SPAN("FROM:"), SMTP_ANSWER_BAD_MAIL, SMTP_ANSWER_BAD_SENDER,
                                        &out->sender, &rest);
    if (!wrong)
        wrong = take_parameters(rest, known, sizeof known / sizeof known[0], out);
    if (!wrong && !out->utf8 && span_has_8bit(out->sender.text))
        wrong = SMTP_ANSWER_ADDRESS_8BIT;
    return wrong;
}

static enum smtp_answer take_notify(void *argument, struct span value)
{
    struct smtp_rcpt_argument *r = argument;
    return smtp_notify_parse(value, &r->notify) ? SMTP_ANSWER_NONE : SMTP_ANSWER_BAD_NOTIFY;
}

static enum smtp_answer take_orcpt(void *argument, struct span value)
{
    struct smtp_rcpt_argument *r = argument;
    r->original = value;
    return (r->utf8 ? smtp_original_is_valid_utf8 : smtp_original_is_valid)(value) ? SMTP_ANSWER_NONE
                                                                                   : SMTP_ANSWER_BAD_ORCPT;
}

enum smtp_answer smtp_rcpt_parse(struct span argument, bool utf8, struct smtp_rcpt_argument *out)
{
    static const struct parameter known[] = {
        {"NOTIFY", take_notify},
        {"ORCPT", take_orcpt},
    };
    struct span rest;
    *out = (struct smtp_rcpt_argument){.utf8 = utf8};
    enum smtp_answer wrong = parse_path(argument, SPAN("TO:"), SMTP_ANSWER_BAD_RCPT,
                                        SMTP_ANSWER_BAD_RECIPIENT, &out->recipient, &rest);
    if (wrong)
        return wrong;
    if (out->recipient.text.n == 0)
        return SMTP_ANSWER_BAD_RECIPIENT;
    if (!utf8 && span_has_8bit(out->recipient.text))
        return SMTP_ANSWER_ADDRESS_8BIT;
    return take_parameters(rest, known, sizeof known / sizeof known[0], out);
}
