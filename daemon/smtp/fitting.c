/* What a next hop can take. */
#include "daemon/smtp/fitting.h"

static struct span header_of(struct span message)
{
    return span_slice(message, 0, span_find_span(message, SPAN("\r\n\r\n")));
}

/* Mail that came with SMTPUTF8 goes without it when nothing in it needs it (RFC 6531 3.6). */
static bool fit_utf8(struct delivery *d)
{
    if (span_has_8bit(d->job.sender)) {
        delivery_end_rest(d, 0, SPAN("5.6.7"),
                          SPAN("the next hop does not offer SMTPUTF8, which the sender's address needs"));
        return false;
    }
    if (span_has_8bit(header_of(d->message))) {
        delivery_end_rest(d, 0, SPAN("5.6.9"),
                          SPAN("the next hop does not offer SMTPUTF8, which the header needs"));
        return false;
    }
    delivery_leave_out(d, span_has_8bit, SPAN("5.6.7"),
                       SPAN("the next hop does not offer SMTPUTF8, which this address needs"));
    return d->order_count > 0;
}

/* Whatever its sender said: what counts is what is in it. */
static bool fit_7bit(struct delivery *d)
{
    const char *wrong = span_has_8bit(d->message) ? seven_bit_plan(d->message, d->arena, &d->plan) : NULL;
    if (!wrong)
        return true;
    delivery_end_rest(
        d, 0, SPAN("5.6.3"),
        arena_printf(d->arena,
                     "the next hop does not offer 8BITMIME, and the message cannot be converted: %s", wrong));
    return false;
}

bool fitting_prepare(struct delivery *d, const struct smtp_extensions *offered)
{
    d->plan = (struct seven_bit_plan){.count = 0};
    if (d->job.utf8 && !offered->utf8 && !fit_utf8(d))
        return false;
    return offered->body_8bit || fit_7bit(d);
}
