/* Log events: checking arguments against shapes, sending, and turning an event into its line. */
#define _GNU_SOURCE /* program_invocation_short_name */
#include "daemon/log_lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { TEXT_LIMIT = 1024, KEPT_MAX = 256 * 1024 };

const struct log_line_row log_line_table[LINE_COUNT] = {
#define LINE(id, level, counter, shape) {#id, level, counter, shape},
#include "daemon/log_lines.def"
#undef LINE
};

static bool (*output)(struct span event);
static struct buf kept; /* a row of spans */
static uint64_t lost;

void log_set_output(bool (*send)(struct span event))
{
    output = send;
}

/* Aborts when the arguments do not fit the shape: that is a bug of the caller. */
static void check_shape(const struct log_line_row *row, const struct log_arg *args, size_t count)
{
    size_t used = 0;
    for (const char *p = row->shape ? strchr(row->shape, '%') : NULL; p; p = strchr(p + 2, '%')) {
        if (used == count || (p[1] == 'u') != (args[used].kind == LOG_ARG_NUMBER))
            abort();
        used++;
    }
    if (row->shape && used != count)
        abort();
}

void log_event_put(struct buf *out, enum log_line line, int64_t time, const struct log_arg *args,
                   size_t count)
{
    check_shape(&log_line_table[line], args, count);
    wire_put_u16(out, (uint16_t)line);
    wire_put_i64(out, time);
    for (size_t i = 0; i < count; i++) {
        if (args[i].kind == LOG_ARG_NUMBER)
            wire_put_u64(out, args[i].number);
        else
            wire_put_span(out, span_slice(args[i].text, 0, TEXT_LIMIT + 1));
    }
}

/* Events that nobody takes for the moment are kept, so that a restart of the log role leaves no gap. */
static bool send_kept(void)
{
    struct wire_reader in = wire_reader_of(buf_span(&kept));
    size_t sent = 0;
    while (in.rest.n && output(wire_get_span(&in)))
        sent = kept.len - in.rest.n;
    buf_consume(&kept, sent);
    return kept.len == 0;
}

static void report_loss(void)
{
    static struct buf event;
    const struct log_arg args[] = {LOG_U(lost), LOG_T(program_invocation_short_name)};
    buf_clear(&event);
    log_event_put(&event, LINE_LINES_LOST, clock_wall_us(), args, 2);
    if (output(buf_span(&event)))
        lost = 0;
}

/* False while the log role takes nothing. */
static bool catch_up(void)
{
    if (!output || !send_kept())
        return false;
    if (lost)
        report_loss();
    return true;
}

void log_send(enum log_line line, const struct log_arg *args, size_t count)
{
    static struct buf event; /* reused: logging is on every path */
    buf_clear(&event);
    log_event_put(&event, line, clock_wall_us(), args, count);
    if (catch_up() && output(buf_span(&event)))
        return;
    if (kept.len + event.len <= KEPT_MAX)
        wire_put_span(&kept, buf_span(&event));
    else
        lost++;
}

void log_resume(void)
{
    catch_up();
}

static void put_number(struct buf *out, uint64_t number, bool wanted)
{
    if (wanted)
        buf_printf(out, "%" PRIu64, number);
}

static bool format_event(struct wire_reader *in, enum log_line *line, int64_t *time, struct buf *out,
                         bool numbers)
{
    uint16_t number = wire_get_u16(in);
    *time = wire_get_i64(in);
    if (in->failed || number >= LINE_COUNT)
        return false;
    *line = number;
    const char *p = log_line_table[number].shape;
    if (!p)
        p = "";
    for (;;) {
        size_t plain = strcspn(p, "%");
        buf_append(out, p, plain);
        p += plain;
        if (*p == '\0')
            break;
        if (p[1] == 'u')
            put_number(out, wire_get_u64(in), numbers);
        else
            text_from_wire(out, wire_get_span(in), TEXT_LIMIT);
        p += 2;
    }
    return wire_reader_done(in);
}

bool log_event_format(struct wire_reader *in, enum log_line *line, int64_t *time, struct buf *out)
{
    return format_event(in, line, time, out, true);
}

bool log_event_kind(struct span event, struct buf *out)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    return format_event(&in, &line, &time, out, false);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"", "Critical", "Warning", "Info", "Debug", "Trace"};
    return level < sizeof names / sizeof names[0] ? names[level] : "";
}
