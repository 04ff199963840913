/* Certificates that expire: told of as expiry.h says. */
#ifndef CONTROL_CERTIFICATE_EXPIRY_H
#define CONTROL_CERTIFICATE_EXPIRY_H

/* Each second: looks once a day, at the start, and after each commit. */
void certificate_expiry_tick(void);

#endif
