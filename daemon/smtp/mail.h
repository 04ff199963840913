/* One message on its way in: its envelope, and its data until the queue has it.
 *
 * The queue hears of a message when the first 32 KiB have come or the data has ended: most messages travel in one
 * go, and one that is refused early costs the queue nothing.
 */
#ifndef SMTP_MAIL_H
#define SMTP_MAIL_H

#include <netinet/in.h>

#include "daemon/protocol.h"
#include "daemon/smtp/session.h"
#include "engine/base/arena.h"
#include "engine/smtp/command.h"
#include "engine/smtp/data_decoder.h"
#include "engine/smtp/header_capture.h"

struct mail {
    LIST_ENTRY(mail) by_mid; /* while `began` */
    struct session *session;
    uint64_t mid;
    int64_t time; /* wall, microseconds */
    struct arena *arena;
    struct span sender;
    bool body_8bit, utf8;
    uint8_t returns; /* enum smtp_return */
    struct span envelope_id;
    struct mail_recipient *recipients;
    uint32_t recipient_count, recipient_cap;

    struct smtp_data_decoder decoder;
    struct smtp_header_capture capture;
    struct buf data; /* decoded, not sent to the queue yet */
    uint64_t sent;   /* bytes of data that were */
    uint32_t trace_bytes;
    const struct schema_row *relay;   /* the incoming relay that the client is; NULL: none */
    char sender_ip[INET6_ADDRSTRLEN]; /* that it names in the header; "": the client itself is the sender */
    int64_t data_due;                 /* clock_mono_us() by which all data must be there */
    bool began;                       /* MSG_MAIL_BEGIN was sent */
    bool dropped;                     /* by the queue, or gone with it: the data is of no use any more */
};

struct mail *mail_new(struct session *s, uint64_t mid, const struct smtp_mail_argument *argument);
void mail_add_recipient(struct mail *m, const struct smtp_rcpt_argument *argument);
/* Tells nobody. */
void mail_free(struct mail *m);

/* Ready for decoded data: the trace header is its start. */
void mail_start_data(struct mail *m);
/* Behind the first decoded bytes: a blank at their start would make them part of the trace header.  They are no
 * header then, so an empty line parts them from it; it belongs to the trace. */
void mail_part_trace(struct mail *m);
/* Sends what is gathered; false when the queue is not there. */
bool mail_send_data(struct mail *m);
void mail_send_end(struct mail *m);
/* Tells the queue, once, that there will be no more. */
void mail_send_abort(struct mail *m);

/* NULL when no such message has begun. */
struct mail *mail_find(uint64_t mid);
/* Calls each() for every message that has begun; each() may free it. */
void mail_for_each(void (*each)(struct mail *m));

#endif
