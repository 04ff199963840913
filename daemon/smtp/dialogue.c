/* One connection to a next hop: what is said and what a reply means (RFC 5321 3, RFC 2920).
 *
 * Each recipient gets exactly one result: from RCPT when that is refused, else from MAIL, DATA or the final dot.
 * Where the next hop's answer is missing the message is deferred: it may arrive twice, but is not lost.
 */
#include "daemon/role.h"
#include "daemon/smtp/client.h"
#include "daemon/smtp/fitting.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/clock.h"

enum {
    CHUNK_BYTES = 64 * 1024, /* of the message, encoded at a time */
    QUIT_SECONDS = 5,
    HANDSHAKE_SECONDS = 30,
    DELIVERY_SECONDS = 10 * 60, /* for a message as a whole, up to its final dot, */
    DELIVERY_SPEED = 4096,      /* and one more for so many bytes */
    FINAL_FACTOR = 2,           /* RFC 5321 4.5.3.2.6: the final reply may take twice as long as others */
};

static void expect(struct connection *c, enum connection_state state)
{
    int64_t seconds = role_settings()->deliver_timeout;
    c->state = state;
    if (state == CONNECTION_FINAL)
        seconds *= FINAL_FACTOR;
    if (state == CONNECTION_HANDSHAKE && seconds > HANDSHAKE_SECONDS)
        seconds = HANDSHAKE_SECONDS;
    connection_set_deadline(c, state == CONNECTION_QUIT ? QUIT_SECONDS : seconds);
}

static bool is_positive(const struct connection *c)
{
    return c->reply.code / 100 == 2;
}

static void fail_with_nonsense(struct connection *c)
{
    connection_fail(c, SPAN("4.5.0"), "unexpected reply of the next hop");
}

/* The beginning of a connection */

void dialogue_begin(struct connection *c)
{
    expect(c, CONNECTION_GREETING);
}

/* The next hop does not want to talk to us at all.  That is its state, not the fault of a message: so it is deferred
 * even when the code says for ever. */
static void give_up_connection(struct connection *c)
{
    struct buf said = {0}; /* with its code, as another one may stand for it */
    if (c->reply.said)
        buf_printf(&said, "%s ", c->reply.enhanced);
    buf_append_span(&said, buf_span(&c->reply.text));
    client_connection_failed(c, c->reply.code,
                             c->reply.code / 100 == 4 ? span_text(c->reply.enhanced) : SPAN("4.4.0"),
                             buf_span(&said));
    buf_free(&said);
    c->state = CONNECTION_CLOSED;
}

static void become_idle(struct connection *c)
{
    c->state = CONNECTION_IDLE;
    client_connection_idle(c);
}

static void say_ehlo(struct connection *c)
{
    buf_printf(&c->out, "EHLO %s\r\n", smtp_hostname());
    expect(c, CONNECTION_EHLO);
}

static void got_greeting(struct connection *c)
{
    if (is_positive(c))
        say_ehlo(c);
    else
        give_up_connection(c);
}

static void refuse_plain_text(struct connection *c, const char *why)
{
    client_tls_failed(c, SPAN("4.7.10"), why);
    c->state = CONNECTION_CLOSED;
}

/* EHLO or HELO is done. */
static void got_to_know(struct connection *c)
{
    if (c->tls || c->policy == SCHEMA_TLS_NONE) {
        become_idle(c);
    } else if (c->extensions.starttls) {
        buf_append_span(&c->out, SPAN("STARTTLS\r\n"));
        expect(c, CONNECTION_STARTTLS);
    } else if (c->policy == SCHEMA_TLS_REQUIRED) {
        refuse_plain_text(c, "TLS is required, but the next hop does not offer it");
    } else {
        become_idle(c);
    }
}

/* A refusal is no failure: the connection is as good as before, in plain text. */
static void got_starttls(struct connection *c)
{
    if (c->reply.code == 220)
        expect(c, CONNECTION_HANDSHAKE);
    else if (c->policy == SCHEMA_TLS_REQUIRED)
        refuse_plain_text(c, "TLS is required, but the next hop refuses it");
    else
        become_idle(c);
}

/* RFC 3207 4.2: what was learned before is forgotten. */
void dialogue_go_on_in_tls(struct connection *c)
{
    c->extensions = (struct smtp_extensions){0};
    say_ehlo(c);
}

/* From the reply to EHLO or HELO (RFC 5321 4.1.1.1). */
static void keep_name(struct connection *c)
{
    struct span text = buf_span(&c->reply.text);
    struct span name = span_slice(text, 0, span_find(text, '\n'));
    name = span_slice(name, 0, span_find(name, ' '));
    size_t size = smtp_domain_is_valid(name) ? name.n : 0;
    if (size)
        memcpy(c->name, name.p, size);
    c->name[size] = '\0';
}

static void got_ehlo(struct connection *c)
{
    if (is_positive(c)) {
        c->extensions = smtp_extensions_parse(buf_span(&c->reply.text));
        keep_name(c);
        got_to_know(c);
    } else if (c->reply.code / 100 == 5) {
        buf_printf(&c->out, "HELO %s\r\n", smtp_hostname());
        expect(c, CONNECTION_HELO);
    } else {
        give_up_connection(c);
    }
}

static void got_helo(struct connection *c)
{
    if (!is_positive(c)) {
        give_up_connection(c);
        return;
    }
    keep_name(c);
    got_to_know(c);
}

/* One delivery */

static void send_mail(struct connection *c)
{
    const struct deliver_job *job = &c->job->job;
    buf_printf(&c->out, "MAIL FROM:<%.*s>", (int)job->sender.n, job->sender.p);
    if (c->extensions.size && !c->job->plan.count) /* RFC 1870 6.1: it may be left out */
        buf_printf(&c->out, " SIZE=%zu", c->job->message.n);
    if (c->extensions.body_8bit && job->body_8bit)
        buf_append_span(&c->out, SPAN(" BODY=8BITMIME"));
    if (c->extensions.utf8 && job->utf8)
        buf_append_span(&c->out, SPAN(" SMTPUTF8"));
    if (c->extensions.dsn && job->returns != SMTP_RETURN_ANY)
        buf_printf(&c->out, " RET=%s", job->returns == SMTP_RETURN_FULL ? "FULL" : "HDRS");
    if (c->extensions.dsn && job->envelope_id.n)
        buf_printf(&c->out, " ENVID=%.*s", (int)job->envelope_id.n, job->envelope_id.p);
    buf_append_span(&c->out, SPAN("\r\n"));
}

/* In ASCII, which needs no SMTPUTF8; one that becomes too long for that is left out (RFC 3461 4.2). */
static void put_original(struct buf *out, struct span original)
{
    size_t before = out->len;
    buf_append_span(out, SPAN(" ORCPT="));
    size_t begin = out->len;
    smtp_utf8_put_ascii(out, original, "");
    if (out->len - begin > SMTP_ORIGINAL_MAX)
        out->len = before;
}

static void send_rcpt(struct connection *c, uint32_t index)
{
    const struct deliver_recipient *r = &c->job->job.recipients[index];
    buf_append_span(&c->out, SPAN("RCPT TO:<"));
    buf_append_span(&c->out, r->address);
    buf_append_char(&c->out, '>');
    if (c->extensions.dsn && r->notify) {
        buf_append_span(&c->out, SPAN(" NOTIFY="));
        smtp_notify_put(&c->out, r->notify);
    }
    if (c->extensions.dsn && r->original.n)
        put_original(&c->out, r->original);
    buf_append_span(&c->out, SPAN("\r\n"));
}

static void send_command(struct connection *c, uint32_t number)
{
    if (number == 0)
        send_mail(c);
    else if (number <= c->job->order_count)
        send_rcpt(c, c->job->order[number - 1]);
    else
        buf_append_span(&c->out, SPAN("DATA\r\n"));
}

/* The whole envelope where the next hop takes it, else its next command. */
static void send_envelope(struct connection *c)
{
    do
        send_command(c, c->sent++);
    while (c->extensions.pipelining && c->sent < c->job->order_count + 2);
    expect(c, CONNECTION_ENVELOPE);
}

static void finish_job(struct connection *c)
{
    struct delivery *d = c->job;
    c->job = NULL;
    c->reused = true;
    delivery_finish(d);
}

void dialogue_deliver(struct connection *c, struct delivery *d)
{
    int64_t seconds = DELIVERY_SECONDS + (int64_t)(d->message.n / DELIVERY_SPEED);
    c->job = d;
    c->job_due = clock_mono_us() + seconds * 1000000;
    d->running = true;
    d->dcid = c->dcid;
    d->handover = c->extensions.dsn ? DELIVER_PASSED_ON : DELIVER_RELAYED;
    d->remote = arena_dup(d->arena, span_text(c->name));
    if (!fitting_prepare(d, &c->extensions)) {
        finish_job(c);
        become_idle(c);
        return;
    }
    c->sent = c->answered = c->accepted = 0;
    c->sender_refused = false;
    c->encoder = (struct smtp_data_encoder){0};
    c->reader = (struct seven_bit_reader){.message = d->message, .plan = &d->plan};
    delivery_log_start(d);
    send_envelope(c);
}

/* The transaction ends without a message; the connection is still good. */
static void reset(struct connection *c)
{
    finish_job(c);
    buf_append_span(&c->out, SPAN("RSET\r\n"));
    expect(c, CONNECTION_RESET);
}

static void got_data_reply(struct connection *c)
{
    if (c->reply.code == 354 && c->sender_refused) {
        /* All recipients have their result; not even an empty message may reach one. */
        finish_job(c);
        c->state = CONNECTION_CLOSED;
    } else if (c->reply.code == 354 && c->accepted > 0) {
        expect(c, CONNECTION_BODY);
    } else if (c->reply.code == 354) {
        /* Pipelined DATA was taken although no recipient was (RFC 2920 3.1): an empty message ends it. */
        buf_append_span(&c->out, SPAN(".\r\n"));
        expect(c, CONNECTION_FINAL);
    } else if (c->reply.code >= 400) {
        delivery_settle_rest(c->job, &c->reply);
        reset(c);
    } else {
        fail_with_nonsense(c);
    }
}

/* To RCPT, 552 says "too many recipients" in the words of older servers (RFC 5321 4.5.3.1.10): not now. */
static void soften_552(struct smtp_reply *reply)
{
    if (reply->code != 552)
        return;
    reply->code = 452;
    if (reply->enhanced[0])
        reply->enhanced[0] = '4';
}

static void got_envelope(struct connection *c)
{
    struct delivery *d = c->job;
    uint32_t number = c->answered++;
    if (number == d->order_count + 1) {
        got_data_reply(c);
        return;
    }
    if (c->reply.code / 100 == 3) {
        fail_with_nonsense(c);
        return;
    }
    if (number > 0 && is_positive(c)) {
        c->accepted++;
    } else if (number > 0) {
        soften_552(&c->reply);
        delivery_settle(d, d->order[number - 1], &c->reply);
    } else if (!is_positive(c)) {
        c->sender_refused = true;
        delivery_settle_rest(d, &c->reply);
    }
    if (c->answered < c->sent)
        return;
    if (c->sender_refused || (c->answered == d->order_count + 1 && c->accepted == 0))
        reset(c);
    else
        send_envelope(c);
}

void dialogue_fill_body(struct connection *c)
{
    static struct buf piece;
    buf_clear(&piece);
    bool more = seven_bit_next(&c->reader, CHUNK_BYTES, &piece);
    smtp_data_encode(&c->encoder, buf_span(&piece), &c->out);
    if (!more) {
        smtp_data_encode_end(&c->encoder, &c->out);
        expect(c, CONNECTION_FINAL);
    }
}

/* A reply before the message was sent: it can only be a refusal, and the rest of the data cannot be taken back. */
static void got_reply_to_body(struct connection *c)
{
    if (c->reply.code < 400) {
        fail_with_nonsense(c);
        return;
    }
    delivery_settle_rest(c->job, &c->reply);
    finish_job(c);
    c->state = CONNECTION_CLOSED;
}

static void got_final(struct connection *c)
{
    if (c->reply.code / 100 == 3) {
        fail_with_nonsense(c);
        return;
    }
    delivery_settle_rest(c->job, &c->reply);
    finish_job(c);
    become_idle(c);
}

static void got_reset(struct connection *c)
{
    if (is_positive(c))
        become_idle(c);
    else
        c->state = CONNECTION_CLOSED;
}

static void close_now(struct connection *c)
{
    c->state = CONNECTION_CLOSED;
}

void dialogue_quit(struct connection *c)
{
    buf_append_span(&c->out, SPAN("QUIT\r\n"));
    expect(c, CONNECTION_QUIT);
}

/* 421 may come at any time (RFC 5321 3.8).  On a connection that was kept for reuse it only means: too late. */
static void service_closes(struct connection *c)
{
    struct delivery *d = c->job;
    if (c->state == CONNECTION_STARTTLS) {
        connection_fail(c, SPAN("4.7.5"), "the next hop closes the connection");
        return;
    }
    if (!d) {
        (c->fresh ? give_up_connection : close_now)(c);
        return;
    }
    if (c->reused && c->answered == 0) {
        connection_fail(c, SPAN("4.4.2"), "the next hop closes the connection");
        return;
    }
    delivery_settle_rest(d, &c->reply);
    finish_job(c);
    c->state = CONNECTION_CLOSED;
}

static void (*const got_reply[CONNECTION_STATE_COUNT])(struct connection *c) = {
    [CONNECTION_GREETING] = got_greeting,  [CONNECTION_EHLO] = got_ehlo,
    [CONNECTION_HELO] = got_helo,          [CONNECTION_STARTTLS] = got_starttls,
    [CONNECTION_IDLE] = close_now,         [CONNECTION_ENVELOPE] = got_envelope,
    [CONNECTION_BODY] = got_reply_to_body, [CONNECTION_FINAL] = got_final,
    [CONNECTION_RESET] = got_reset,        [CONNECTION_QUIT] = close_now,
};

void dialogue_take_reply(struct connection *c)
{
    if (c->reply.code == 421 && c->state != CONNECTION_QUIT)
        service_closes(c);
    else
        got_reply[c->state](c);
}
