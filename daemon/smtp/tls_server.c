/* The certificates that listeners show: one context for each row, chosen by the name that a client asks for. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/smtp/tls_context.h"
#include "engine/base/xalloc.h"

struct certificates {
    size_t count;
    SSL_CTX *preset;     /* DEFAULT; NULL: there is none */
    SSL_CTX *contexts[]; /* all of them */
};

static struct certificates *running, *prepared;

static void free_certificates(struct certificates *c)
{
    for (size_t i = 0; c && i < c->count; i++)
        SSL_CTX_free(c->contexts[i]);
    free(c);
}

/* The last reason is the nearest to what was asked for. */
static bool refuse(const struct schema_row *row, const char *what, struct error *error)
{
    struct span name = schema_row_key(row);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    error_set(error, "certificate %.*s: %s%s%s", (int)name.n, name.p, what, reason ? ": " : "",
              reason ? reason : "");
    ERR_clear_error();
    return false;
}

static BIO *text_of(const struct schema_row *row, unsigned field)
{
    struct span text = schema_row_text(row, field);
    return BIO_new_mem_buf(text.p, (int)text.n);
}

/* A key with a passphrase is refused instead of asking our terminal for it. */
static int no_passphrase(char *to, int size, int writing, void *context)
{
    (void)to, (void)size, (void)writing, (void)context;
    return -1;
}

static bool use_chain(SSL_CTX *context, BIO *text)
{
    X509 *x = text ? PEM_read_bio_X509(text, NULL, no_passphrase, NULL) : NULL;
    bool good = x && SSL_CTX_use_certificate(context, x) == 1;
    X509_free(x);
    while (good && (x = PEM_read_bio_X509(text, NULL, no_passphrase, NULL))) {
        good = SSL_CTX_add1_chain_cert(context, x) == 1;
        X509_free(x);
    }
    /* The end of the text is an error to the reader, but not to us. */
    if (good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    return good && ERR_peek_error() == 0;
}

static bool use_key(SSL_CTX *context, BIO *text)
{
    EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL) : NULL;
    bool good = key && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return good;
}

static bool load(SSL_CTX *context, const struct schema_row *row, struct error *error)
{
    BIO *certificate = text_of(row, CERTIFICATES_CERTIFICATE), *key = text_of(row, CERTIFICATES_PRIVATE_KEY);
    ERR_clear_error();
    bool good = true;
    if (!use_chain(context, certificate))
        good = refuse(row, "it cannot be used", error);
    else if (!use_key(context, key))
        good = refuse(row, "its private key cannot be used", error);
    else if (SSL_CTX_check_private_key(context) != 1)
        good = refuse(row, "the private key is not its own", error);
    BIO_free(certificate);
    BIO_free(key);
    return good;
}

/* RFC 6066 3.  A name that no certificate has gets the preset one: clients of mail rarely check. */
static int choose_by_name(SSL *ssl, int *alert, void *context)
{
    (void)alert, (void)context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    for (size_t i = 0; name && running && i < running->count; i++)
        if (X509_check_host(SSL_CTX_get0_certificate(running->contexts[i]), name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, running->contexts[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    return name ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static bool add(struct certificates *c, const struct schema_row *row, struct error *error)
{
    SSL_CTX *context = tls_context_new(TLS_server_method(), error);
    if (!context)
        return false;
    c->contexts[c->count++] = context;
    SSL_CTX_set_tlsext_servername_callback(context, choose_by_name);
    if (span_equal(schema_row_key(row), SPAN("DEFAULT")))
        c->preset = context;
    return load(context, row, error);
}

bool tls_server_prepare(const struct config_table *certificates, struct error *error)
{
    struct config_cursor cursor = config_table_start(certificates);
    const struct schema_row *row;
    struct certificates *c = xcalloc(1, sizeof *c + config_table_count(certificates) * sizeof c->contexts[0]);
    bool good = true;
    while (good && (row = config_table_next(&cursor)))
        good = add(c, row, error);
    tls_server_discard();
    if (good)
        prepared = c;
    else
        free_certificates(c);
    return good;
}

void tls_server_apply(void)
{
    if (!prepared)
        return;
    free_certificates(running);
    running = prepared;
    prepared = NULL;
}

void tls_server_discard(void)
{
    free_certificates(prepared);
    prepared = NULL;
}

bool tls_server_is_ready(void)
{
    return running && running->preset;
}

struct tls *tls_new_server(int fd)
{
    struct tls *tls = tls_server_is_ready() ? tls_new(running->preset, fd) : NULL;
    if (tls)
        SSL_set_accept_state((SSL *)tls);
    return tls;
}
