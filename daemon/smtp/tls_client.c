/* TLS towards next hops: opportunistic, so that nobody's certificate is checked (RFC 7435). */
#include "daemon/smtp/tls_context.h"

static SSL_CTX *context;

bool tls_client_init(struct error *error)
{
    context = tls_context_new(TLS_client_method(), error);
    if (context)
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    return context;
}

struct tls *tls_new_client(int fd)
{
    struct tls *tls = tls_new(context, fd);
    if (tls)
        SSL_set_connect_state((SSL *)tls);
    return tls;
}
