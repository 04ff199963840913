/* Commands of an SMTP client: one line in, a verb and its argument out (RFC 5321 4.1, RFC 1870, RFC 3461, RFC 6152, RFC 6531). */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/span.h"
#include "engine/smtp/address.h"
#include "engine/smtp/answer.h"
#include "engine/smtp/dsn.h"

enum {
    SMTP_COMMAND_MAX = 512,        /* bytes of a command line with its CRLF (RFC 5321 4.5.3.1.4) */
    SMTP_COMMAND_PARAM_MAX = 4096, /* the same for MAIL and RCPT, whose parameters need more */
};

enum smtp_verb {
    SMTP_VERB_HELO,
    SMTP_VERB_EHLO,
    SMTP_VERB_MAIL,
    SMTP_VERB_RCPT,
    SMTP_VERB_DATA,
    SMTP_VERB_RSET,
    SMTP_VERB_NOOP,
    SMTP_VERB_QUIT,
    SMTP_VERB_VRFY,
    SMTP_VERB_HELP,
    SMTP_VERB_STARTTLS,
    SMTP_VERB_COUNT
};

struct smtp_command {
    enum smtp_verb verb;
    struct span argument; /* without blanks at its ends */
};

/* line is one line with its line feed.  Anything but SMTP_ANSWER_NONE is the answer to give, and *out is unset.
 * The argument is checked only for control characters. */
enum smtp_answer smtp_command_parse(struct span line, struct smtp_command *out);

struct smtp_mail_argument {
    struct smtp_mailbox sender; /* empty for <> */
    uint64_t size;              /* bytes declared by SIZE=, or 0 */
    bool body_8bit;
    bool utf8;               /* SMTPUTF8: addresses may hold it, headers too */
    uint8_t returns;         /* enum smtp_return */
    struct span envelope_id; /* in xtext, as sent; empty for none */
};

/* Argument of MAIL: "FROM:<...>" and parameters. */
enum smtp_answer smtp_mail_parse(struct span argument, struct smtp_mail_argument *out);

struct smtp_rcpt_argument {
    bool utf8; /* as of MAIL */
    struct smtp_mailbox recipient;
    uint8_t notify;       /* bits of enum smtp_notify */
    struct span original; /* ORCPT, in xtext, as sent; empty for none */
};

/* Argument of RCPT: "TO:<...>" and parameters; utf8: MAIL had SMTPUTF8. */
enum smtp_answer smtp_rcpt_parse(struct span argument, bool utf8, struct smtp_rcpt_argument *out);

#endif
