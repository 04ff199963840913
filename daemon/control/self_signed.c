/* A self-signed certificate: nobody can verify it, but it keeps those out who only listen. */
#define _GNU_SOURCE /* strnlen */
#include "daemon/control/self_signed.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { YEARS = 10, SERIAL_BYTES = 16, COMMON_NAME_MAX = 64 /* RFC 5280, upper bounds */ };

static bool set_serial(X509 *x)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7F; /* positive */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    return good;
}

/* The name counts as SAN (RFC 6125); the CN is for people, and has less room.  A host name has nothing in it that the
 * text of an extension would take for syntax. */
static bool set_names(X509 *x, const char *hostname)
{
    X509_NAME *name = X509_get_subject_name(x);
    int length = (int)strnlen(hostname, COMMON_NAME_MAX);
    struct buf names = {0};
    buf_printf(&names, "DNS:%s", hostname);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, buf_text(&names));
    bool good = san && X509_add_ext(x, san, -1) == 1 &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)hostname, length,
                                           -1, 0) == 1 &&
                X509_set_issuer_name(x, name) == 1;
    X509_EXTENSION_free(san);
    buf_free(&names);
    return good;
}

static bool set_validity(X509 *x)
{
    const int days = YEARS * 365 + YEARS / 4;
    return X509_gmtime_adj(X509_getm_notBefore(x), -86400) && /* clocks differ */
           X509_time_adj_ex(X509_getm_notAfter(x), days, 0, NULL);
}

static bool fill(X509 *x, EVP_PKEY *key, const char *hostname)
{
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_validity(x) &&
           set_names(x, hostname) && X509_set_pubkey(x, key) == 1 && X509_sign(x, key, EVP_sha256()) > 0;
}

static bool append(struct buf *out, BIO *bio)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);
    if (size <= 0)
        return false;
    buf_append(out, bytes, (size_t)size);
    BIO_reset(bio);
    return true;
}

bool self_signed_make(const char *hostname, struct buf *certificate, struct buf *private_key,
                      struct error *error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *bio = BIO_new(BIO_s_secmem());
    bool good = key && x && bio && fill(x, key, hostname) && PEM_write_bio_X509(bio, x) == 1 &&
                append(certificate, bio) &&
                PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                append(private_key, bio);
    BIO_free(bio);
    X509_free(x);
    EVP_PKEY_free(key);
    return good || error_set(error, "cannot make a certificate for '%s'", hostname);
}
