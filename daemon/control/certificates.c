/* certificate.list and certificate.make: what stands in certificates, and one of our own.
 *
 * A certificate is read as a stranger's: whatever in it cannot be read is shown as nothing.  Whether key and
 * certificate work is for the smtp role to say, at commit.
 */
#define _GNU_SOURCE /* timegm */
#include "daemon/control/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/self_signed.h"
#include "daemon/role.h"
#include "engine/base/text.h"

enum { TEXT_MAX = 1000, NAMES_MAX = 100 };

static json_t *safe_json(struct span text)
{
    struct buf safe = {0};
    text_from_wire(&safe, text, TEXT_MAX);
    json_t *json = json_stringn(buf_text(&safe), safe.len);
    buf_free(&safe);
    return json;
}

/* "CN=mx.example.com,O=Example" (RFC 2253, with UTF-8) */
static json_t *name_json(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long size = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        size = BIO_get_mem_data(bio, &bytes);
    json_t *json = safe_json(span_of(bytes, size > 0 ? (size_t)size : 0));
    BIO_free(bio);
    return json;
}

/* The host names that it is for. */
static json_t *names_json(const X509 *x)
{
    json_t *list = json_array();
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < NAMES_MAX; i++) {
        int type;
        const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type == GEN_DNS)
            json_array_append_new(
                list, safe_json(span_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text))));
    }
    GENERAL_NAMES_free(names);
    return list;
}

/* Microseconds UTC, or null. */
static json_t *time_json(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) == 1 ? json_integer((json_int_t)timegm(&tm) * 1000000) : json_null();
}

static json_t *fingerprint_json(const X509 *x)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct buf text = {0};
    if (X509_digest(x, EVP_sha256(), digest, &size) != 1)
        size = 0;
    for (unsigned i = 0; i < size; i++)
        buf_printf(&text, "%s%02X", i ? ":" : "", digest[i]);
    json_t *json = json_stringn(buf_text(&text), text.len);
    buf_free(&text);
    return json;
}

static json_t *row_json(const struct schema_row *row)
{
    struct span pem = schema_row_text(row, CERTIFICATES_CERTIFICATE);
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)"") : NULL;
    json_t *json = json_pack("{s:o}", "name", safe_json(schema_row_key(row)));
    if (x) {
        json_object_set_new(json, "subject", name_json(X509_get_subject_name(x)));
        json_object_set_new(json, "issuer", name_json(X509_get_issuer_name(x)));
        json_object_set_new(json, "names", names_json(x));
        json_object_set_new(json, "begins", time_json(X509_get0_notBefore(x)));
        json_object_set_new(json, "expires", time_json(X509_get0_notAfter(x)));
        json_object_set_new(json, "fingerprint", fingerprint_json(x));
    }
    ERR_clear_error();
    X509_free(x);
    BIO_free(bio);
    return json;
}

void certificate_list(uint64_t session, json_t *request)
{
    (void)request;
    const struct config_tree *tree = session_config_use(&session_info(session)->config)->mine;
    const struct config_place place = config_place_of(session);
    struct config_cursor cursor = config_table_start(config_resolve(tree, &place, SCHEMA_CERTIFICATES, NULL));
    const struct schema_row *row;
    while ((row = config_table_next(&cursor)))
        session_rows(session, json_pack("[o]", row_json(row)));
    session_done(session, NULL);
}

void certificate_make(uint64_t session, json_t *request)
{
    struct buf certificate = {0}, key = {0};
    struct error error;
    if (!self_signed_make(head_hostname(), &certificate, &key, &error)) {
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
        return;
    }
    json_t *edit = json_pack("{s:[{s:s,s:s,s:O,s:{s:s%,s:s%}}]}", "edits", "table", "certificates", "verb",
                             "put", "key", json_object_get(request, "name"), "fields", "certificate",
                             certificate.data, certificate.len, "private-key", key.data, key.len);
    config_edit(session, edit);
    json_decref(edit);
    buf_free(&certificate);
    buf_free(&key);
}
