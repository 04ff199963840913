/* Between the files of TLS: contexts, which hold what connections have in common. */
#ifndef SMTP_TLS_CONTEXT_H
#define SMTP_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "daemon/smtp/tls.h"

/* Protocols and ciphers that both our ends want; NULL with an error. */
SSL_CTX *tls_context_new(const SSL_METHOD *method, struct error *error);
struct tls *tls_new(SSL_CTX *context, int fd);

#endif
