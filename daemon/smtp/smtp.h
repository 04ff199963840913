/* What all parts of the smtp role share. */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include <stdbool.h>

/* The name in greetings and trace headers. */
const char *smtp_hostname(void);
/* The queue takes mail: it is there and has space. */
bool smtp_has_space(void);
/* The role was asked to end. */
bool smtp_is_stopping(void);

#endif
