/* TLS of the smtp role over a pair of sockets, with certificates of our own making; and what the schema says of PEM. */
#define _GNU_SOURCE /* srandom */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control/self_signed.h"
#include "daemon/smtp/tls.h"
#include "engine/schema/json.h"

struct pair {
    struct buf certificate, key;
};

static void make_pair(struct pair *p, const char *host)
{
    struct error error;
    *p = (struct pair){0};
    assert_true(self_signed_make(host, &p->certificate, &p->key, &error));
}

static void free_pair(struct pair *p)
{
    buf_free(&p->certificate);
    buf_free(&p->key);
}

static struct schema_row *row_of(const char *name, const struct buf *certificate, const struct buf *key)
{
    const struct schema_value values[CERTIFICATES_FIELD_COUNT] = {
        [CERTIFICATES_NAME] = {.text = span_text(name)},
        [CERTIFICATES_CERTIFICATE] = {.text = buf_span(certificate)},
        [CERTIFICATES_PRIVATE_KEY] = {.text = buf_span(key)},
    };
    return schema_row_new(&schema_tables[SCHEMA_CERTIFICATES], values);
}

/* One row, prepared and, if that went well, applied. */
static bool use(const char *name, const struct buf *certificate, const struct buf *key, struct error *error)
{
    struct config_table *table = config_table_new(&schema_tables[SCHEMA_CERTIFICATES]);
    config_table_put(&table, row_of(name, certificate, key));
    bool good = tls_server_prepare(table, error);
    config_table_unref(table);
    if (good)
        tls_server_apply();
    return good;
}

static void use_none(void)
{
    struct error error;
    struct config_table *table = config_table_new(&schema_tables[SCHEMA_CERTIFICATES]);
    assert_true(tls_server_prepare(table, &error));
    config_table_unref(table);
    tls_server_apply();
}

/* ---- the schema ---- */

static bool is_taken(unsigned field, struct span text, struct error *error)
{
    struct schema_value value;
    *error = (struct error){""};
    return schema_value_parse(&schema_tables[SCHEMA_CERTIFICATES].fields[field], text, &value, error);
}

static void a_made_pair_is_taken_and_what_is_none_is_refused_without_showing_the_key(void **state)
{
    (void)state;
    struct pair p;
    struct error error;
    make_pair(&p, "mx.example.com");
    assert_true(is_taken(CERTIFICATES_CERTIFICATE, buf_span(&p.certificate), &error));
    assert_true(is_taken(CERTIFICATES_PRIVATE_KEY, buf_span(&p.key), &error));
    assert_false(is_taken(CERTIFICATES_CERTIFICATE, buf_span(&p.key), &error));
    assert_false(is_taken(CERTIFICATES_PRIVATE_KEY, buf_span(&p.certificate), &error));
    assert_false(is_taken(CERTIFICATES_PRIVATE_KEY, SPAN("hunter2 is the passphrase"), &error));
    assert_string_equal(error.text, "private-key: this is not one private key in PEM without a passphrase");
    assert_false(is_taken(CERTIFICATES_NAME, SPAN("two\nlines"), &error));
    buf_append_span(&p.key, SPAN("\t\n"));
    assert_false(is_taken(CERTIFICATES_PRIVATE_KEY, buf_span(&p.key), &error)); /* a tab is no line feed */
    free_pair(&p);
}

static void a_key_leaves_as_a_mask_and_is_stored_as_it_is(void **state)
{
    (void)state;
    struct pair p;
    make_pair(&p, "mx.example.com");
    struct schema_row *row = row_of("a", &p.certificate, &p.key);
    json_t *shown = schema_row_to_json(row);
    struct buf stored = {0}, printed = {0};
    assert_string_equal(json_string_value(json_object_get(shown, "private-key")), SCHEMA_MASK);
    schema_value_print(&row->table->fields[CERTIFICATES_PRIVATE_KEY], &row->values[CERTIFICATES_PRIVATE_KEY],
                       &printed);
    assert_string_equal(buf_text(&printed), SCHEMA_MASK);
    schema_row_put_json(&stored, row);
    json_t *again = json_loadb(stored.data, stored.len, 0, NULL);
    struct error error;
    struct schema_row *read = schema_row_from_json(row->table, NULL, again, &error);
    assert_true(read && schema_row_equal(read, row));
    /* what was shown, sent back as a change of the row, changes nothing; of a new row it is no key */
    struct schema_row *same = schema_row_from_json(row->table, row, shown, &error);
    assert_true(same && schema_row_equal(same, row));
    assert_null(schema_row_from_json(row->table, NULL, shown, &error));
    schema_row_unref(row);
    schema_row_unref(read);
    schema_row_unref(same);
    json_decref(shown);
    json_decref(again);
    buf_free(&stored);
    buf_free(&printed);
    free_pair(&p);
}

/* ---- certificates ---- */

static void a_made_certificate_is_for_its_host_and_ten_years(void **state)
{
    (void)state;
    struct pair p;
    make_pair(&p, "mx.example.com");
    BIO *bio = BIO_new_mem_buf(p.certificate.data, (int)p.certificate.len);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int days, seconds;
    assert_non_null(x);
    assert_int_equal(X509_check_host(x, "mx.example.com", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
    assert_true(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)));
    assert_in_range(days, 3650, 3653);
    X509_free(x);
    BIO_free(bio);
    free_pair(&p);
}

static void a_pair_that_does_not_fit_is_refused_and_the_old_one_stays(void **state)
{
    (void)state;
    struct pair a, b;
    struct error error;
    make_pair(&a, "a.example.com");
    make_pair(&b, "b.example.com");
    assert_true(use("DEFAULT", &a.certificate, &a.key, &error));
    assert_false(use("DEFAULT", &a.certificate, &b.key, &error));
    assert_non_null(strstr(error.text, "certificate DEFAULT: "));
    b.certificate.data[b.certificate.len / 2] ^= 1;
    assert_false(use("DEFAULT", &b.certificate, &b.key, &error));
    assert_true(tls_server_is_ready());
    assert_true(use("other", &a.certificate, &a.key, &error));
    assert_false(tls_server_is_ready()); /* nothing for a client that names none */
    free_pair(&a);
    free_pair(&b);
    use_none();
}

/* ---- a connection ---- */

struct ends {
    int fds[2];
    struct tls *ours;
    SSL_CTX *context;
    SSL *theirs;
};

static void connect_ends(struct ends *e)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, e->fds), 0);
    e->ours = tls_new_server(e->fds[0]);
    e->context = SSL_CTX_new(TLS_client_method());
    e->theirs = SSL_new(e->context);
    assert_non_null(e->ours);
    SSL_set_fd(e->theirs, e->fds[1]);
    SSL_set_connect_state(e->theirs);
}

static void close_ends(struct ends *e)
{
    tls_free(e->ours);
    SSL_free(e->theirs);
    SSL_CTX_free(e->context);
    close(e->fds[0]);
    close(e->fds[1]);
}

static enum tls_progress shake_hands(struct ends *e, struct error *error)
{
    enum tls_progress ours = TLS_WANTS_READ;
    for (int i = 0; i < 10 && ours == TLS_WANTS_READ; i++) {
        SSL_do_handshake(e->theirs);
        ERR_clear_error();
        ours = tls_handshake(e->ours, error);
    }
    SSL_do_handshake(e->theirs);
    ERR_clear_error();
    return ours;
}

static void bytes_go_both_ways_and_the_end_is_told(void **state)
{
    (void)state;
    struct pair p;
    struct ends e;
    struct error error;
    static char bytes[TLS_RECORD_MAX], big[300000];
    make_pair(&p, "mx.example.com");
    assert_true(use("DEFAULT", &p.certificate, &p.key, &error));
    connect_ends(&e);
    assert_int_equal(shake_hands(&e, &error), TLS_DONE);
    assert_string_equal(tls_protocol(e.ours), "TLSv1.3");
    assert_int_equal(tls_recv(e.ours, e.fds[0], bytes, sizeof bytes), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(SSL_write(e.theirs, "EHLO x\r\n", 8), 8);
    assert_int_equal(tls_recv(e.ours, e.fds[0], bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, "EHLO x\r\n", 8);
    /* more than the socket takes: what is left is sent later, from another place in memory */
    size_t sent = 0, got = 0;
    while (got < sizeof big) {
        char *copy = sent < sizeof big ? malloc(sizeof big - sent) : NULL;
        ssize_t n =
            copy ? tls_send(e.ours, e.fds[0], memcpy(copy, big + sent, sizeof big - sent), sizeof big - sent)
                 : 0;
        free(copy);
        sent += n > 0 ? (size_t)n : 0;
        int m = SSL_read(e.theirs, bytes, sizeof bytes);
        got += m > 0 ? (size_t)m : 0;
        assert_true(n > 0 || m > 0);
    }
    assert_int_equal(got, sizeof big);
    SSL_shutdown(e.theirs);
    assert_int_equal(tls_recv(e.ours, e.fds[0], bytes, sizeof bytes), 0);
    tls_close(e.ours);
    close_ends(&e);
    free_pair(&p);
    use_none();
}

enum { HEADER = 5 }; /* of a record: its version means nothing */

/* The client's first words with one bit changed, cut short, or behind plain text: never a crash, never a success. */
static void a_handshake_that_was_tampered_with_never_succeeds(void **state)
{
    (void)state;
    struct pair p;
    struct error error;
    char hello[4096];
    make_pair(&p, "mx.example.com");
    assert_true(use("DEFAULT", &p.certificate, &p.key, &error));
    srandom(1);
    for (int i = 0; i < 500; i++) {
        struct ends e;
        connect_ends(&e);
        SSL_do_handshake(e.theirs);
        ssize_t size = recv(e.fds[0], hello, sizeof hello, 0);
        assert_true(size > 100);
        if (i % 3 == 0)
            assert_true(send(e.fds[1], "QUIT\r\n", 6, 0) == 6);
        if (i % 3 == 1)
            hello[HEADER + random() % (size - HEADER)] ^= (char)(1 << random() % 8);
        if (i % 3 == 2)
            size = random() % size;
        assert_true(send(e.fds[1], hello, (size_t)size, 0) == size);
        shutdown(e.fds[1], SHUT_WR);
        SSL_set_quiet_shutdown(e.theirs, 1);
        assert_int_not_equal(shake_hands(&e, &error), TLS_DONE);
        close_ends(&e);
    }
    free_pair(&p);
    use_none();
}

static void plain_connections_go_on_without(void **state)
{
    (void)state;
    int fds[2];
    char bytes[TLS_RECORD_MAX];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(tls_send(NULL, fds[0], "x", 1), 1);
    assert_int_equal(tls_recv(NULL, fds[1], bytes, sizeof bytes), 1);
    tls_close(NULL);
    tls_free(NULL);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    struct error error;
    signal(SIGPIPE, SIG_IGN); /* as every role does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_pair_is_taken_and_what_is_none_is_refused_without_showing_the_key),
        cmocka_unit_test(a_key_leaves_as_a_mask_and_is_stored_as_it_is),
        cmocka_unit_test(a_made_certificate_is_for_its_host_and_ten_years),
        cmocka_unit_test(a_pair_that_does_not_fit_is_refused_and_the_old_one_stays),
        cmocka_unit_test(bytes_go_both_ways_and_the_end_is_told),
        cmocka_unit_test(a_handshake_that_was_tampered_with_never_succeeds),
        cmocka_unit_test(plain_connections_go_on_without),
    };
    return tls_init(&error) ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
