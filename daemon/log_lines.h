/* Writing to the log: a line is a row of log_lines.def and its typed arguments.
 *
 * Lines go to the log role as events and become text there, so that one table holds every shape (R17) and every
 * counter.  Logging never blocks: while the log role is away a bounded amount is kept, and what is beyond it
 * is counted and the count logged later.
 */
#ifndef DAEMON_LOG_LINES_H
#define DAEMON_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"
#include "engine/wire/wire.h"

enum log_level { LOG_CRITICAL = 1, LOG_WARNING, LOG_INFO, LOG_DEBUG, LOG_TRACE };

enum log_topic { TOPIC_MAIL, TOPIC_SYSTEM, TOPIC_CLI, TOPIC_UPDATER };

enum log_line {
#define LINE(id, topic, level, counter, shape) LINE_##id,
#include "daemon/log_lines.def"
#undef LINE
    LINE_COUNT
};

struct log_line_row {
    const char *id;
    enum log_topic topic;
    enum log_level level;
    const char *counter; /* NULL, or the counter that each such line raises by one */
    const char
        *shape; /* %u takes a number, %s text from anywhere (made safe when printed); NULL: counted only */
};

extern const struct log_line_row log_line_table[LINE_COUNT];

struct log_arg {
    enum { LOG_ARG_NUMBER, LOG_ARG_TEXT } kind;
    uint64_t number;
    struct span text;
};

#define LOG_U(value) ((struct log_arg){.kind = LOG_ARG_NUMBER, .number = (value)})
#define LOG_S(value) ((struct log_arg){.kind = LOG_ARG_TEXT, .text = (value)})
#define LOG_T(value) ((struct log_arg){.kind = LOG_ARG_TEXT, .text = span_text(value)})

/* LOG(START_MID, LOG_U(mid), LOG_U(icid)): arguments must fit the shape, or the process ends. */
#define LOG(id, ...)                                                                                         \
    log_send(LINE_##id, (const struct log_arg[]){__VA_ARGS__},                                               \
             sizeof((const struct log_arg[]){__VA_ARGS__}) / sizeof(struct log_arg))

/* Where events go: set once by the skeleton, the log role and the master.  It returns false when the event
 * could not be taken.  Without it (unit tests) events are dropped. */
void log_set_output(bool (*send)(struct span event));

void log_send(enum log_line line, const struct log_arg *args, size_t count);

/* Event as sent: u16 line, i64 wall time, arguments. */
void log_event_put(struct buf *out, enum log_line line, int64_t time, const struct log_arg *args,
                   size_t count);
/* What an event is about; false when it is not well-formed. */
bool log_event_begin(struct wire_reader *in, enum log_line *line, int64_t *time);
/* Appends the text of the rest of it to out; false when that is not well-formed. */
bool log_event_text(struct wire_reader *in, enum log_line line, struct buf *out);
/* Both. */
bool log_event_format(struct wire_reader *in, enum log_line *line, int64_t *time, struct buf *out);
/* Appends the text without its numbers: what events have in common that differ in a process, a MID or a size alone. */
bool log_event_kind(struct span event, struct buf *out);

/* The log role is there (again): sends what was kept, and how much was lost. */
void log_resume(void);

const char *log_level_name(enum log_level level);

#endif
