/* TLS of one connection. */
#include "daemon/smtp/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/smtp/tls_context.h"

/* The SSL is the whole state: struct tls is only its name for those who may not know the library. */
static SSL *ssl_of(const struct tls *tls)
{
    return (SSL *)tls;
}

struct tls *tls_new(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ssl = NULL;
    }
    return (struct tls *)ssl;
}

void tls_free(struct tls *tls)
{
    SSL_free(ssl_of(tls));
}

/* The reason in the library's words; those of the system when it has none. */
static void explain(struct error *error, int system)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    if (reason)
        error_set(error, "%s", reason);
    else
        error_set(error, "%s", system ? strerror(system) : "the other end closed the connection");
    ERR_clear_error();
}

enum tls_progress tls_handshake(struct tls *tls, struct error *error)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(ssl_of(tls));
    int system = errno;
    switch (SSL_get_error(ssl_of(tls), result)) {
    case SSL_ERROR_NONE:
        return TLS_DONE;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    default:
        explain(error, system);
        return TLS_FAILED;
    }
}

const char *tls_protocol(const struct tls *tls)
{
    return SSL_get_version(ssl_of(tls));
}

const char *tls_cipher(const struct tls *tls)
{
    return SSL_get_cipher_name(ssl_of(tls));
}

/* What recv() and send() would say; the end without a last word is that of a plain connection too. */
static ssize_t result_of(SSL *ssl, int result)
{
    int system = errno;
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        errno = system ? system : ECONNRESET;
        return -1;
    default:
        errno = EPROTO;
        return -1;
    }
}

ssize_t tls_recv(struct tls *tls, int fd, void *bytes, size_t size)
{
    size_t got = 0;
    if (!tls)
        return recv(fd, bytes, size, MSG_DONTWAIT);
    ERR_clear_error();
    int result = SSL_read_ex(ssl_of(tls), bytes, size, &got);
    return result == 1 ? (ssize_t)got : result_of(ssl_of(tls), result);
}

ssize_t tls_send(struct tls *tls, int fd, const void *bytes, size_t size)
{
    size_t sent = 0;
    if (!tls)
        return send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    ERR_clear_error();
    int result = SSL_write_ex(ssl_of(tls), bytes, size, &sent);
    return result == 1 ? (ssize_t)sent : result_of(ssl_of(tls), result);
}

void tls_close(struct tls *tls)
{
    ERR_clear_error();
    if (tls)
        SSL_shutdown(ssl_of(tls));
    ERR_clear_error();
}
