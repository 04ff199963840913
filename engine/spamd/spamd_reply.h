/* What the spamd service answers: status line, Spam header, symbols, report, and a message's header with the verdict.
 *
 * Names of reasons may be of a worker that a message has taken over: what is not printable is replaced.
 */
#ifndef ENGINE_SPAMD_REPLY_H
#define ENGINE_SPAMD_REPLY_H

#include "engine/base/buf.h"
#include "engine/judge/judge.h"
#include "engine/spamd/spamd_request.h"

/* As sysexits.h numbers them. */
enum spamd_status {
    SPAMD_EX_OK = 0,
    SPAMD_EX_DATAERR = 65,     /* the message cannot be scanned, now or ever */
    SPAMD_EX_UNAVAILABLE = 69, /* this is not done here */
    SPAMD_EX_SOFTWARE = 70,    /* the scan failed */
    SPAMD_EX_TEMPFAIL = 75,    /* try again */
    SPAMD_EX_PROTOCOL = 76,
    SPAMD_EX_NOPERM = 77,
    SPAMD_EX_TIMEOUT = 79,
};

enum { SPAMD_THRESHOLD = 50 }; /* score that is called spam */

struct spamd_verdict {
    int score;                          /* 0-100 */
    bool raw;                           /* tell it as it is; otherwise a tenth of it, against 5.0 (R22) */
    const char *hostname;               /* who judged */
    const struct judge_reason *reasons; /* the strongest first */
    uint32_t reason_count;
};

bool spamd_is_spam(const struct spamd_verdict *v);

/* Appends an answer that is nothing but a refusal, with its reason.  That of TELL ends behind its first line: where headers
 * end without a word of what was done, spamc reports success, whatever the status. */
void spamd_put_refusal(struct buf *out, enum spamd_method method, enum spamd_status status,
                       const char *reason);
/* Appends the answer to PING. */
void spamd_put_pong(struct buf *out);
/* Appends the answer to TELL: what was done here, if anything. */
void spamd_put_told(struct buf *out, bool set, bool removed);
/* Appends status line and headers of an answer; body_bytes of its body follow. */
void spamd_put_head(struct buf *out, const struct spamd_request *request, const struct spamd_verdict *v,
                    uint64_t body_bytes);
/* Appends the body of an answer to CHECK, SYMBOLS, REPORT or REPORT_IFSPAM. */
void spamd_put_body(struct buf *out, const struct spamd_request *request, const struct spamd_verdict *v);
/* Appends the header of the message, with its empty line: X-Spam-* fields of ours first, those of the sender left out.
 * Lines end as those of the message.  Returns the length of the old header: the body begins there. */
size_t spamd_put_message_header(struct buf *out, struct span message, const struct spamd_verdict *v);

#endif
