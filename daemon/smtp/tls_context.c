/* What both ends want of TLS: 1.2 or newer, keys that are used once, nothing that is negotiated twice. */
#include "daemon/smtp/tls_context.h"

#include <openssl/err.h>

/* Of TLS 1.2; those of 1.3 are all good.  CBC is for mail servers of 2012 and before: the other choice would be no
 * encryption at all. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:!aNULL:!PSK";

SSL_CTX *tls_context_new(const SSL_METHOD *method, struct error *error)
{
    const uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                             SSL_OP_IGNORE_UNEXPECTED_EOF;
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, ciphers) != 1 || SSL_CTX_set_num_tickets(context, 0) != 1) {
        error_set(error, "TLS: %s", ERR_reason_error_string(ERR_peek_error()));
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, options);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* What is left of a buffer is sent from wherever it lies by then, and memory of idle connections is given back. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_dh_auto(context, 1);
    return context;
}

bool tls_init(struct error *error)
{
    return OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL) == 1 ||
           error_set(error, "OpenSSL cannot be started");
}
