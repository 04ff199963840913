/* One client of the listener: its connection and its dialogue.
 *
 * session.c moves bytes and keeps time, session_command.c knows the commands, session_data.c the data of a message
 * and the queue's answers, session_tls.c the way from plain text to TLS.  Only session_settle() frees a session;
 * everything else just changes its state.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "daemon/deadline.h"
#include "daemon/smtp/listener.h"
#include "engine/base/buf.h"
#include "engine/smtp/address.h"
#include "engine/smtp/answer.h"

enum session_state {
    SESSION_NEW,     /* waits for its ICID; the greeting was not sent */
    SESSION_COMMAND, /* reads commands */
    SESSION_TLS,     /* STARTTLS was answered: the handshake is next, or under way */
    SESSION_DATA,    /* reads a message */
    SESSION_ANSWER,  /* the queue has the whole message and is to say whether it took it */
    SESSION_CLOSING, /* last words were said */
    SESSION_GONE,    /* nothing more to say or hear */
};

struct tls;

struct session {
    LIST_ENTRY(session) link;
    int fd;
    enum session_state state;
    struct event *readable, *writable;
    struct deadline deadline;
    struct tls *tls; /* from the start of the handshake; NULL: plain text */
    bool tls_writes; /* the handshake waits for the socket to take more */
    struct buf in;   /* read, and not used yet */
    struct buf out;  /* answers not sent yet */
    bool paused;     /* not reading: the client is ahead of us */
    bool held;       /* not reading: the queue is behind */
    bool shut;       /* our side of the connection is closed */
    bool lost;       /* the client went without QUIT, or was too slow */

    struct listener *listener;
    uint64_t icid;
    struct sockaddr_storage client;
    char client_ip[INET6_ADDRSTRLEN];
    bool may_relay;

    char helo[SMTP_DOMAIN_MAX + 1]; /* made safe; empty before HELO and EHLO */
    bool esmtp;
    bool line_too_long;     /* the rest of such a line is being skipped */
    unsigned errors;        /* wrong commands so far */
    unsigned messages;      /* messages accepted so far */
    uint64_t idle_commands; /* commands since the last accepted message */
    struct mail *mail;      /* between MAIL and its end, else NULL */
};

/* Takes over fd, a fresh connection. */
void session_start(struct listener *from, int fd, const struct sockaddr *client);
size_t session_count(void);
/* Greets those that wait for their ICID. */
void session_ids_arrived(void);
/* Says goodbye to all but those that wait for the queue's answer. */
void session_stop_all(void);

/* Adds an answer; too many errors end the session. */
void session_answer(struct session *s, enum smtp_answer answer);
/* Adds the last answer and ends the session. */
void session_say_goodbye(struct session *s, enum smtp_answer answer);
/* Waits for the next command, with all the time it may take. */
void session_await_command(struct session *s);
/* Sends answers, goes on with what was read before, frees s when it is over.  Every event ends here. */
void session_settle(struct session *s);

/* One line with its line feed.  more: bytes behind it have already arrived. */
void session_command(struct session *s, struct span line, bool more);

/* STARTTLS was answered. */
void session_begin_tls(struct session *s);
/* In SESSION_TLS: the next step, once the answer is on its way; ends in SESSION_COMMAND or SESSION_CLOSING. */
void session_continue_tls(struct session *s);
/* The handshake is given up. */
void session_fail_tls(struct session *s, const char *reason);

/* The next bytes of a message; returns how many were used. */
size_t session_data(struct session *s, struct span in);
/* Ends the message, if there is one, without accepting it. */
void session_abort_mail(struct session *s, const char *reason);
/* No answer came in time. */
void session_answer_overdue(struct session *s);

/* The queue's answers and its coming and going. */
void session_mail_accepted(uint64_t mid);
void session_mail_refused(uint64_t mid, uint16_t code, struct span enhanced, struct span text);
void session_queue_gone(void);
void session_queue_back(void);
/* Sessions that wait for the queue's answer. */
size_t session_waiting_count(void);

#endif
