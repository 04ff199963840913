/* Everything that reads SMTP: the first byte chooses the parser, the second where the input is cut in two.
 *
 * Beyond memory safety it checks what the gateway relies on: addresses that pass are safe in a command, and where
 * data is cut changes neither its end nor its bytes nor whether it is refused. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/smtp/address_range.h"
#include "engine/smtp/command.h"
#include "engine/smtp/data_decoder.h"
#include "engine/smtp/data_encoder.h"
#include "engine/smtp/header_capture.h"
#include "engine/smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_safe(struct span address, bool utf8)
{
    require(address.n <= SMTP_MAILBOX_MAX && (utf8 || !span_has_8bit(address)));
    for (size_t i = 0, n; i < address.n; i += n) {
        require((n = text_utf8_length(span_slice(address, i, address.n))) > 0);
        require(n > 1 ||
                (address.p[i] >= ' ' && address.p[i] <= '~' && address.p[i] != '<' && address.p[i] != '>'));
    }
}

/* What goes into commands to next hops and, decoded, into reports. */
static void require_xtext(struct span xtext, size_t most)
{
    struct buf decoded = {0};
    require(xtext.n <= most);
    smtp_utf8_put_ascii(&decoded, xtext, "+=\\");
    for (size_t i = 0; i < decoded.len; i++)
        require(decoded.data[i] > ' ' && decoded.data[i] <= '~');
    buf_clear(&decoded);
    smtp_xtext_decode(&decoded, xtext);
    for (size_t i = 0; i < decoded.len; i++)
        require((unsigned char)decoded.data[i] > 127 || (decoded.data[i] >= ' ' && decoded.data[i] <= '~'));
    buf_free(&decoded);
}

static void require_dsn(uint8_t notify, struct span original)
{
    struct buf words = {0};
    uint8_t again = 0;
    smtp_notify_put(&words, notify);
    require(notify == 0 || (smtp_notify_parse(buf_span(&words), &again) && again == notify));
    if (original.n)
        require_xtext(span_slice(original, span_find(original, ';') + 1, original.n), SMTP_ORIGINAL_MAX);
    buf_free(&words);
}

static void fuzz_command(struct span in, size_t cut)
{
    struct smtp_command c;
    struct smtp_mail_argument m;
    struct smtp_rcpt_argument r;
    if (smtp_command_parse(in, &c) == SMTP_ANSWER_NONE)
        require(c.argument.n < in.n);
    if (smtp_mail_parse(in, &m) == SMTP_ANSWER_NONE)
        require_safe(m.sender.text, m.utf8), require_xtext(m.envelope_id, SMTP_ENVELOPE_ID_MAX);
    if (smtp_rcpt_parse(in, cut % 2, &r) == SMTP_ANSWER_NONE) {
        struct smtp_mailbox again;
        require_safe(r.recipient.text, cut % 2);
        require(smtp_mailbox_parse_utf8(r.recipient.text, &again));
        require_dsn(r.notify, r.original);
    }
}

struct decoded {
    struct smtp_data_decoder d;
    struct buf out;
    size_t used;
};

static void decode(struct decoded *to, struct span in, size_t cut)
{
    *to = (struct decoded){0};
    smtp_data_decoder_init(&to->d, 4000, 200);
    to->used = smtp_data_decode(&to->d, span_slice(in, 0, cut), &to->out);
    if (!to->d.ended)
        to->used += smtp_data_decode(&to->d, span_slice(in, cut, in.n), &to->out);
}

static void fuzz_data(struct span in, size_t cut)
{
    struct decoded whole, parts;
    decode(&whole, in, in.n);
    decode(&parts, in, cut);
    /* Of two faults in one line either may be met first. */
    require(whole.d.ended == parts.d.ended && !whole.d.fault == !parts.d.fault && whole.used == parts.used);
    if (!whole.d.fault)
        require(span_equal(buf_span(&whole.out), buf_span(&parts.out)));
    buf_free(&whole.out);
    buf_free(&parts.out);
}

/* What is sent ends once, at its end. */
static void fuzz_encoder(struct span in, size_t cut)
{
    struct smtp_data_encoder e = {0};
    struct buf sent = {0};
    struct decoded arrived;
    smtp_data_encode(&e, span_slice(in, 0, cut), &sent);
    smtp_data_encode(&e, span_slice(in, cut, in.n), &sent);
    smtp_data_encode_end(&e, &sent);
    decode(&arrived, buf_span(&sent), sent.len);
    require(arrived.d.ended && arrived.used == sent.len);
    buf_free(&arrived.out);
    buf_free(&sent);
}

static void fuzz_reply(struct span in, size_t cut)
{
    struct smtp_reply r = {0};
    (void)cut;
    while (in.n) {
        size_t line = span_find(in, '\n') + 1;
        if (smtp_reply_line(&r, span_slice(in, 0, line)) == SMTP_REPLY_DONE) {
            require(smtp_enhanced_length(span_text(r.enhanced), r.code) > 0);
            smtp_extensions_parse(buf_span(&r.text));
            smtp_reply_clear(&r);
        }
        require(r.text.len <= SMTP_REPLY_TEXT_MAX);
        in = span_slice(in, line, in.n);
    }
    smtp_reply_free(&r);
}

/* An address that was found is one, however it is written. */
static void fuzz_find(struct span text)
{
    struct in6_addr found, again;
    char usual[INET6_ADDRSTRLEN];
    if (!smtp_ip_find(text, SPAN("["), &found))
        return;
    smtp_ip_print(&found, usual);
    require(smtp_ip_parse(span_text(usual), &again) && memcmp(&found, &again, sizeof found) == 0);
}

/* A range holds both its ends, and what is one address is as small as can be. */
static void fuzz_range(struct span in, size_t cut)
{
    struct smtp_address_range range, one;
    (void)cut;
    if (!smtp_address_range_parse(in, &range))
        return;
    require(smtp_address_range_has(&range, &range.first) && smtp_address_range_has(&range, &range.last));
    one = (struct smtp_address_range){range.first, range.first};
    require(smtp_address_range_compare_size(&one, &range) <= 0);
}

static void fuzz_header(struct span in, size_t cut)
{
    struct smtp_header_capture whole = {.wanted_name = SPAN("Received:"), .wanted_nth = 2}, parts = whole;
    smtp_header_capture_feed(&whole, in);
    smtp_header_capture_feed(&parts, span_slice(in, 0, cut));
    smtp_header_capture_feed(&parts, span_slice(in, cut, in.n));
    require(whole.received_count == parts.received_count && whole.done == parts.done);
    require(whole.subject.len <= SMTP_CAPTURE_MAX && whole.message_id.len <= SMTP_CAPTURE_MAX);
    require(whole.wanted_found == parts.wanted_found && whole.wanted.len <= SMTP_CAPTURE_MAX);
    require(span_equal(buf_span(&whole.wanted), buf_span(&parts.wanted)));
    fuzz_find(buf_span(&whole.wanted));
    smtp_header_capture_free(&whole);
    smtp_header_capture_free(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct span in, size_t cut) = {
        fuzz_command, fuzz_data, fuzz_encoder, fuzz_reply, fuzz_header, fuzz_range,
    };
    if (size < 2)
        return 0;
    struct span in = span_of(data + 2, size - 2);
    size_t cut = data[1] < in.n ? data[1] : in.n;
    targets[data[0] % (sizeof targets / sizeof targets[0])](in, cut);
    return 0;
}
