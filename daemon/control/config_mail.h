/* A configuration as mail: handed to the queue by the path that alerts use, and answered when the queue has it on disk. */
#ifndef CONTROL_CONFIG_MAIL_H
#define CONTROL_CONFIG_MAIL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/wire/wire.h"

/* In BASE64 and with its header it must fit one message between roles. */
enum { CONFIG_MAIL_XML_MAX = 4 * 1024 * 1024, CONFIG_MAIL_RECIPIENTS = 20 };

struct config_mail {
    const char *name; /* of the attachment */
    struct span xml;
    const json_t *recipients; /* that config_mail_check() has found good */
};

/* Whether recipients is a list of addresses. */
bool config_mail_check(const json_t *recipients, struct error *error);
/* Goes on as the work of this session. */
void config_mail_send(uint64_t session, const struct config_mail *mail);

/* MSG_NOTICE_STORED; false when it is about another mail. */
bool config_mail_stored(struct wire_reader *in);
void config_mail_queue_down(void);

#endif
