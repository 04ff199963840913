/* What a client asks for, its message, and what it is told. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/spamd/client.h"
#include "daemon/spamd/scanning.h"
#include "daemon/spamd/spamd.h"
#include "daemon/spamd/telling.h"
#include "engine/base/text.h"
#include "engine/schema/features.h"

/* The answer as a whole is in c->out. */
static void answer_at_once(struct client *c)
{
    buf_free(&c->in);
    client_answer(c);
}

static void keep_user(struct client *c)
{
    struct buf safe = {0};
    text_from_wire(&safe, c->request.user, CLIENT_USER_MAX);
    snprintf(c->user, sizeof c->user, "%s", buf_text(&safe));
    buf_free(&safe);
    c->request.user = span_text(c->user);
}

/* Why nothing is scanned for it; NULL: it is. */
static const char *find_fault(const struct client *c, enum spamd_status *status)
{
    const struct service *s = spamd_service();
    *status = SPAMD_EX_UNAVAILABLE;
    if (!s->antispam)
        return "anti-spam is off on this gateway";
    if (s->missing_features & feature_bit(FEATURE_ANTISPAM))
        return "anti-spam has no feature key on this gateway";
    *status = SPAMD_EX_NOPERM;
    if (c->request.method == SPAMD_TELL && !c->is_local)
        return "TELL is taken on the UNIX socket only";
    *status = SPAMD_EX_UNAVAILABLE;
    if (c->request.method == SPAMD_TELL && !s->learning)
        return "learning is off on this gateway";
    *status = SPAMD_EX_PROTOCOL;
    if (c->request.compressed)
        return "compressed messages are not taken";
    if (c->request.method == SPAMD_TELL && c->request.set_local && !c->request.message_class)
        return "TELL with Set needs a Message-class";
    *status = SPAMD_EX_DATAERR;
    if (c->request.has_length && c->request.length > s->most_bytes)
        return "the message is too large to be scanned";
    return NULL;
}

static void take_request(struct client *c, size_t used)
{
    enum spamd_status status;
    keep_user(c);
    buf_consume(&c->in, used);
    const char *fault = find_fault(c, &status);
    if (c->request.method == SPAMD_PING) {
        spamd_put_pong(&c->out);
        answer_at_once(c);
    } else if (c->request.method == SPAMD_SKIP) {
        answer_at_once(c);
    } else if (fault) {
        client_refuse(c, status, fault);
    } else {
        uint64_t bytes = c->request.has_length ? c->request.length : spamd_service()->most_bytes;
        c->state = CLIENT_HELD;
        if (scanning_reserve(c, bytes)) {
            c->state = CLIENT_MESSAGE;
            request_begin_message(c);
        }
    }
}

void request_take_head(struct client *c)
{
    size_t used;
    struct error error;
    switch (spamd_request_parse(buf_span(&c->in), &c->request, &used, &error)) {
    case SPAMD_PARSE_MORE:
        return;
    case SPAMD_PARSE_WRONG:
        client_refuse(c, SPAMD_EX_PROTOCOL, error.text);
        return;
    case SPAMD_PARSE_DONE:
        take_request(c, used);
    }
}

/* ---- the message ---- */

/* What is for others than us alone (remote) is nothing to us. */
static void tell(struct client *c)
{
    if (c->request.set_local || c->request.remove_local) {
        telling_submit(c);
    } else {
        spamd_put_told(&c->out, false, false);
        answer_at_once(c);
    }
}

static void finish_message(struct client *c)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (fcntl(c->message, F_ADD_SEALS, seals) != 0) {
        client_refuse(c, SPAMD_EX_TEMPFAIL, "the message cannot be kept");
        return;
    }
    client_set_deadline(c);
    if (c->request.method == SPAMD_TELL) {
        tell(c);
        return;
    }
    c->state = CLIENT_WAITING;
    scanning_submit(c);
}

static bool keep(const struct client *c, struct span bytes)
{
    while (bytes.n) {
        ssize_t wrote = write(c->message, bytes.p, bytes.n);
        if (wrote <= 0)
            return false;
        bytes = span_slice(bytes, (size_t)wrote, bytes.n);
    }
    return true;
}

/* What is behind the length is not looked at. */
void request_take_bytes(struct client *c, struct span bytes)
{
    uint64_t most = c->request.has_length ? c->request.length : c->reserved;
    if (c->request.has_length)
        bytes = span_slice(bytes, 0, (size_t)(most - c->received));
    c->received += bytes.n;
    if (c->received > most)
        client_refuse(c, SPAMD_EX_DATAERR, "the message is too large to be scanned");
    else if (!keep(c, bytes))
        client_refuse(c, SPAMD_EX_TEMPFAIL, "there is no memory for the message");
    else if (c->request.has_length && c->received == most)
        finish_message(c);
}

void request_begin_message(struct client *c)
{
    c->message = memfd_create("spamd", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (c->message < 0) {
        client_refuse(c, SPAMD_EX_TEMPFAIL, "there is no memory for the message");
        return;
    }
    request_take_bytes(c, buf_span(&c->in));
    buf_free(&c->in);
}

void request_take_end(struct client *c)
{
    if (c->state == CLIENT_HEAD && c->in.len == 0)
        c->state = CLIENT_GONE; /* it only looked whether somebody is there */
    else if (c->state == CLIENT_HEAD)
        client_refuse(c, SPAMD_EX_PROTOCOL, "the request has no end");
    else if (c->request.has_length)
        client_refuse(c, SPAMD_EX_PROTOCOL, "the message is shorter than its Content-length");
    else
        finish_message(c);
}

/* ---- the answer ---- */

static bool put_with_header(struct client *c, const struct spamd_verdict *v)
{
    void *bytes = NULL;
    if (c->received)
        bytes = mmap(NULL, (size_t)c->received, PROT_READ, MAP_SHARED, c->message, 0);
    if (bytes == MAP_FAILED)
        return false;
    struct buf header = {0};
    size_t body = spamd_put_message_header(&header, span_of(bytes, (size_t)c->received), v);
    bool whole = c->request.method == SPAMD_PROCESS;
    spamd_put_head(&c->out, &c->request, v, header.len + (whole ? c->received - body : 0));
    buf_append_span(&c->out, buf_span(&header));
    buf_free(&header);
    if (whole)
        c->body_from = (int64_t)body;
    if (bytes)
        munmap(bytes, (size_t)c->received);
    return true;
}

static void put_text(struct client *c, const struct spamd_verdict *v)
{
    struct buf body = {0};
    spamd_put_body(&body, &c->request, v);
    spamd_put_head(&c->out, &c->request, v, body.len);
    buf_append_span(&c->out, buf_span(&body));
    buf_free(&body);
}

void request_take_result(struct client *c, const struct judge_child *child, uint64_t revision)
{
    const struct spamd_verdict v = {.score = child->score,
                                    .raw = spamd_service()->raw,
                                    .hostname = spamd_service()->hostname,
                                    .reasons = child->reasons,
                                    .reason_count = child->reason_count};
    enum spamd_method method = c->request.method;
    if (child->score < 0) {
        client_refuse(c, SPAMD_EX_UNAVAILABLE, "nothing is scanned by the settings of now");
        return;
    }
    if (method != SPAMD_PROCESS && method != SPAMD_HEADERS) {
        put_text(c, &v);
    } else if (!put_with_header(c, &v)) {
        client_refuse(c, SPAMD_EX_TEMPFAIL, "there is no memory for the message");
        return;
    }
    LOG(SPAMD_DONE, LOG_T(spamd_method_name(method)), LOG_U(c->received), LOG_T(c->address), LOG_T(c->user),
        LOG_U((uint64_t)v.score), LOG_T(child->partial ? " (partial)" : ""), LOG_U(revision));
    if (spamd_is_spam(&v))
        LOG(SPAMD_SPAM);
    client_answer(c);
}
