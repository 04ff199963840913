/* A look at the certificates of the head.  What was told is kept under the certificate's fingerprint, so that another name
 * does not tell it again, and a new certificate begins anew. */
#define _GNU_SOURCE /* timegm */
#include "daemon/control/certificate_expiry.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

#include "daemon/control/expiry.h"
#include "daemon/control/head.h"
#include "daemon/log_lines.h"
#include "engine/smtp/date.h"

/* Reads the first certificate of a chain: its end (wall, microseconds), and its fingerprint in hexadecimal. */
static bool read_certificate(struct span pem, int64_t *end, struct buf *fingerprint)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct tm tm;
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    bool good = x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 &&
                X509_digest(x, EVP_sha256(), digest, &size) == 1;
    if (good)
        *end = (int64_t)timegm(&tm) * 1000000;
    for (unsigned i = 0; good && i < size; i++)
        buf_printf(fingerprint, "%02x", digest[i]);
    ERR_clear_error();
    X509_free(x);
    BIO_free(bio);
    return good;
}

/* "listeners public, submission": those that offer TLS. */
static void put_use(struct buf *out)
{
    struct config_cursor c =
        config_table_start(config_resolve(head_tree(), head_place(), SCHEMA_LISTENERS, NULL));
    const char *separator = "listeners ";
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        if (schema_row_number(row, LISTENERS_TLS) == SCHEMA_TLS_NONE)
            continue;
        buf_append_span(out, span_text(separator));
        buf_append_span(out, schema_row_key(row));
        separator = ", ";
    }
    if (out->len == 0)
        buf_append_span(out, SPAN("no listener"));
}

static void tell(const struct schema_row *row, int64_t end, int64_t now)
{
    struct buf use = {0}, date = {0};
    put_use(&use);
    smtp_date_put(&date, end);
    if (end <= now)
        LOG(CERTIFICATE_EXPIRED, LOG_S(schema_row_key(row)), LOG_S(buf_span(&date)), LOG_S(buf_span(&use)));
    else
        LOG(CERTIFICATE_EXPIRES, LOG_S(schema_row_key(row)), LOG_U(expiry_days(end - now)),
            LOG_S(buf_span(&date)), LOG_S(buf_span(&use)));
    buf_free(&use);
    buf_free(&date);
}

/* False when alerts.db could not be asked or told. */
static bool look_at(const struct schema_row *row, int64_t now, struct error *error)
{
    struct buf fingerprint = {0};
    int64_t end = 0;
    bool due = false, good = true;
    if (read_certificate(schema_row_text(row, CERTIFICATES_CERTIFICATE), &end, &fingerprint))
        good = expiry_due(buf_span(&fingerprint), end, now, &due, error);
    if (due)
        tell(row, end, now);
    buf_free(&fingerprint);
    return good;
}

static bool look_at_all(int64_t now, struct error *error)
{
    struct config_cursor c =
        config_table_start(config_resolve(head_tree(), head_place(), SCHEMA_CERTIFICATES, NULL));
    for (const struct schema_row *row; (row = config_table_next(&c));)
        if (!look_at(row, now, error))
            return false;
    return true;
}

void certificate_expiry_tick(void)
{
    static struct expiry_watch watch;
    expiry_tick(&watch, head_manifest()->revision, look_at_all);
}
