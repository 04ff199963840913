/* TLS of one connection, on its socket, and what its ends need for it.
 *
 * Non-blocking like the sockets themselves: a record is read as a whole and never more than one, so that the loop sees
 * what still waits in the socket.
 */
#ifndef SMTP_TLS_H
#define SMTP_TLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/error.h"
#include "engine/config/table.h"

/* Loads what the library reads from files; before the sandbox. */
bool tls_init(struct error *error);

/* ---- the certificates of listeners: table `certificates` ---- */

/* Builds what a revision needs beside what runs; false when a certificate cannot be used. */
bool tls_server_prepare(const struct config_table *certificates, struct error *error);
/* What was prepared is shown to new connections; those that have TLS keep what they have. */
void tls_server_apply(void);
void tls_server_discard(void);
/* There is a certificate for clients that name none. */
bool tls_server_is_ready(void);

/* ---- one connection ---- */

struct tls;

/* The context of all outgoing connections; behind tls_init(). */
bool tls_client_init(struct error *error);

enum tls_progress { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_FAILED };

/* fd stays the caller's.  NULL when there is no memory, or no certificate. */
struct tls *tls_new_server(int fd);
struct tls *tls_new_client(int fd);
/* NULL is nothing. */
void tls_free(struct tls *tls);

/* The next steps of the handshake.  TLS_FAILED: error says why, and the other end has been told. */
enum tls_progress tls_handshake(struct tls *tls, struct error *error);
/* Of an established connection: "TLSv1.3", "TLS_AES_256_GCM_SHA384". */
const char *tls_protocol(const struct tls *tls);
const char *tls_cipher(const struct tls *tls);

enum { TLS_RECORD_MAX = 16 * 1024 }; /* bytes of a record without its wrapping */

/* As recv() and send() on a non-blocking socket; tls NULL is a connection without.  size is at least TLS_RECORD_MAX for
 * tls_recv().  A broken record is EPROTO. */
ssize_t tls_recv(struct tls *tls, int fd, void *bytes, size_t size);
ssize_t tls_send(struct tls *tls, int fd, const void *bytes, size_t size);
/* Tells the other end that nothing more comes, if its socket takes that now. */
void tls_close(struct tls *tls);

#endif
