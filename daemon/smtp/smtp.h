/* What all parts of the smtp role share. */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include <stdbool.h>
#include <stddef.h>

/* The name in greetings and trace headers. */
const char *smtp_hostname(void);
/* Clients at a time: the setting, and no more than leaves descriptors for deliveries. */
size_t smtp_session_limit(void);
/* The queue takes mail: it is there and has space. */
bool smtp_has_space(void);
/* The role was asked to end. */
bool smtp_is_stopping(void);

#endif
