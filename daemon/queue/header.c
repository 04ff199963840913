/* What the queue reads from the header of a message itself. */
#include "daemon/queue/header.h"

#include "engine/mime/charset.h"
#include "engine/mime/words.h"

enum { VALUE_BYTES = 998 };

/* The next line without its end; *rest moves behind it. */
static struct span next_line(struct span *rest)
{
    size_t end = span_find(*rest, '\n');
    struct span line = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end + 1, rest->n);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* name has its colon. */
static struct span header_field(struct span head, struct span name)
{
    while (head.n) {
        struct span line = next_line(&head);
        if (line.n == 0)
            break;
        if (!span_starts_nocase(line, name))
            continue;
        struct span value = span_trim(span_slice(line, name.n, line.n));
        /* A long value is often folded right behind the name. */
        if (value.n == 0 && head.n && (head.p[0] == ' ' || head.p[0] == '\t'))
            value = span_trim(next_line(&head));
        return span_slice(value, 0, VALUE_BYTES);
    }
    return (struct span){0};
}

struct span header_message_id(struct span head)
{
    return header_field(head, SPAN("message-id:"));
}

struct span header_subject(struct span head, struct arena *arena)
{
    const struct span name = SPAN("subject:");
    struct span field;
    for (size_t at = 0; header_next_field(head, &at, &field);) {
        if (!span_starts_nocase(field, name))
            continue;
        struct span text = mime_words_decode(span_slice(field, name.n, field.n), arena);
        return mime_utf8_trim(span_slice(text, 0, VALUE_BYTES));
    }
    return (struct span){0};
}

struct span header_block(struct span head)
{
    struct span rest = head;
    while (rest.n) {
        const char *line = rest.p;
        if (next_line(&rest).n == 0)
            return span_slice(head, 0, (size_t)(line - head.p));
    }
    return head;
}

bool header_next_field(struct span head, size_t *at, struct span *field)
{
    struct span rest = span_slice(head, *at, head.n);
    const char *begin = rest.p;
    if (rest.n == 0 || next_line(&rest).n == 0)
        return false;
    while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t'))
        next_line(&rest);
    *at = head.n - rest.n;
    *field = span_of(begin, (size_t)(head.p + *at - begin));
    return true;
}
