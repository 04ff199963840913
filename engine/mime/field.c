/* Cutting a header into fields. */
#include "engine/mime/field.h"

size_t mime_line_after(struct span message, size_t pos)
{
    size_t end = pos + span_find(span_slice(message, pos, message.n), '\n');
    return end < message.n ? end + 1 : message.n;
}

static struct span without_line_end(struct span line)
{
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Blanks before the colon are an obsolete form; blanks or controls inside mean that it is no name. */
static bool take_name(struct span line, struct span *name)
{
    size_t colon = span_find(line, ':');
    if (colon == line.n)
        return false;
    *name = span_slice(line, 0, colon);
    while (name->n && is_blank(name->p[name->n - 1]))
        name->n--;
    for (size_t i = 0; i < name->n; i++)
        if ((unsigned char)name->p[i] <= ' ' || name->p[i] == 127)
            return false;
    return name->n > 0;
}

enum mime_line mime_field_next(struct span message, size_t *pos, struct mime_field *field)
{
    size_t begin = *pos, end = mime_line_after(message, begin);
    struct span first = without_line_end(span_slice(message, begin, end - begin));
    *pos = end;
    if (first.n == 0)
        return MIME_END;
    field->folded = false;
    while (end < message.n && is_blank(message.p[end])) {
        field->folded = true;
        end = mime_line_after(message, end);
    }
    *pos = end;
    if (!take_name(first, &field->name))
        return MIME_NO_FIELD;
    size_t colon = begin + span_find(first, ':');
    field->value = without_line_end(span_slice(message, colon + 1, end - colon - 1));
    return MIME_FIELD;
}
