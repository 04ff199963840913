/* Values of one field: reading what was typed, checking, printing, and saying what would be right. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/base/nearest.h"
#include "engine/base/text.h"
#include "engine/schema/schema.h"

enum { SHOWN_MAX = 80 }; /* bytes of a wrong value that an error repeats */

static const struct size_unit {
    char letter;
    unsigned shift;
} size_units[] = {{'G', 30}, {'M', 20}, {'K', 10}};

/* "NAME: 'VALUE' is not WHAT WOULD BE RIGHT".  reason: what a check said would be right, or NULL. */
static bool refuse(const struct schema_field *field, struct span text, const char *reason,
                   struct error *error)
{
    struct buf sentence = {0};
    if (field->secret) {
        buf_printf(&sentence, "%s: this is not ", field->name);
    } else {
        buf_printf(&sentence, "%s: '", field->name);
        text_from_wire(&sentence, text, SHOWN_MAX);
        buf_printf(&sentence, "' is not ");
    }
    if (reason)
        buf_printf(&sentence, "%s", reason);
    else
        schema_field_describe(field, &sentence);
    const char *near = field->choices ? nearest_word(text, field->choices) : NULL;
    if (near)
        buf_printf(&sentence, "; did you mean '%s'?", near);
    error_set(error, "%s", buf_text(&sentence));
    buf_free(&sentence);
    return false;
}

static bool parse_size(struct span text, uint64_t *bytes)
{
    unsigned shift = 0;
    char last = text.n ? text.p[text.n - 1] : '\0';
    for (size_t i = 0; i < sizeof size_units / sizeof size_units[0]; i++)
        if (ascii_lower(last) == ascii_lower(size_units[i].letter))
            shift = size_units[i].shift;
    if (shift)
        text.n--;
    return span_parse_u64(text, bytes) && !__builtin_mul_overflow(*bytes, UINT64_C(1) << shift, bytes);
}

static bool parse_number(const struct schema_field *field, struct span text, int64_t *number)
{
    uint64_t value;
    if (field->choices) {
        for (int64_t i = 0; field->choices[i]; i++)
            if (span_equal_nocase(text, span_text(field->choices[i]))) {
                *number = i;
                return true;
            }
        return false;
    }
    bool ok = field->type == SCHEMA_SIZE ? parse_size(text, &value) : span_parse_u64(text, &value);
    if (!ok || value > INT64_MAX)
        return false;
    *number = (int64_t)value;
    return *number >= field->least && *number <= field->most;
}

bool schema_value_parse(const struct schema_field *field, struct span text, struct schema_value *value,
                        struct error *error)
{
    *value = (struct schema_value){.text = SPAN("")};
    if (field->type == SCHEMA_TEXT) {
        value->text = text;
        return schema_value_check(field, value, error);
    }
    return parse_number(field, text, &value->number) || refuse(field, text, NULL, error);
}

/* UTF-8 without control characters, so that it can go to terminals, logs and JSON as it is. */
static bool is_printable(struct span text, bool lines)
{
    while (text.n) {
        size_t length = text_utf8_length(text);
        unsigned char c = (unsigned char)text.p[0];
        bool c1 = length == 2 && c == 0xC2 && (unsigned char)text.p[1] < 0xA0;
        bool line_end = lines && c == '\n';
        if (length == 0 || (c < 0x20 && !line_end) || c == 0x7F || c1)
            return false;
        text = span_slice(text, length, text.n);
    }
    return true;
}

static bool check_text(const struct schema_field *field, struct span text, struct error *error)
{
    if ((int64_t)text.n < field->least || (int64_t)text.n > field->most)
        return refuse(field, text, NULL, error);
    if (!is_printable(text, field->lines))
        return refuse(field, text, "printable UTF-8 without control characters", error);
    struct error reason;
    if (field->check && !field->check(text, &reason))
        return refuse(field, text, reason.text, error);
    return true;
}

bool schema_value_check(const struct schema_field *field, const struct schema_value *value,
                        struct error *error)
{
    if (field->type == SCHEMA_TEXT)
        return check_text(field, value->text, error);
    if (value->number >= field->least && value->number <= field->most)
        return true;
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, value->number);
    return refuse(field, span_of(text, (size_t)length), NULL, error);
}

static void print_size(int64_t bytes, struct buf *out)
{
    for (size_t i = 0; i < sizeof size_units / sizeof size_units[0]; i++)
        if (bytes && bytes % (INT64_C(1) << size_units[i].shift) == 0) {
            buf_printf(out, "%" PRId64 "%c", bytes >> size_units[i].shift, size_units[i].letter);
            return;
        }
    buf_printf(out, "%" PRId64, bytes);
}

void schema_value_print(const struct schema_field *field, const struct schema_value *value, struct buf *out)
{
    switch (field->type) {
    case SCHEMA_FLAG:
    case SCHEMA_CHOICE:
        buf_append_span(out, span_text(field->choices[value->number]));
        break;
    case SCHEMA_NUMBER:
        buf_printf(out, "%" PRId64, value->number);
        break;
    case SCHEMA_SIZE:
        print_size(value->number, out);
        break;
    case SCHEMA_TEXT:
        buf_append_span(out, field->secret && value->text.n ? SPAN(SCHEMA_MASK) : value->text);
        break;
    }
}

bool schema_value_equal(const struct schema_field *field, const struct schema_value *a,
                        const struct schema_value *b)
{
    if (field->type != SCHEMA_TEXT)
        return a->number == b->number;
    return field->ignores_case ? span_equal_nocase(a->text, b->text) : span_equal(a->text, b->text);
}

/* "a", "a or b", "a, b or c" */
static void describe_choices(const char *const *choices, struct buf *out)
{
    for (size_t i = 0; choices[i]; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
}

void schema_field_describe(const struct schema_field *field, struct buf *out)
{
    switch (field->type) {
    case SCHEMA_FLAG:
    case SCHEMA_CHOICE:
        describe_choices(field->choices, out);
        break;
    case SCHEMA_NUMBER:
        buf_printf(out, "a whole number from %" PRId64 " to %" PRId64 "%s%s", field->least, field->most,
                   field->unit[0] ? " " : "", field->unit);
        break;
    case SCHEMA_SIZE:
        buf_printf(out, "a number plus K, M, G or nothing, from ");
        print_size(field->least, out);
        buf_printf(out, " to ");
        print_size(field->most, out);
        break;
    case SCHEMA_TEXT:
        buf_printf(out, "a text of %" PRId64 " to %" PRId64 " bytes", field->least, field->most);
        break;
    }
}

void schema_field_usage(const struct schema_field *field, struct buf *out)
{
    switch (field->type) {
    case SCHEMA_FLAG:
    case SCHEMA_CHOICE:
        for (size_t i = 0; field->choices[i]; i++)
            buf_printf(out, "%s%s", i ? "|" : "", field->choices[i]);
        break;
    case SCHEMA_NUMBER:
        buf_printf(out, "%" PRId64 "..%" PRId64, field->least, field->most);
        break;
    case SCHEMA_SIZE:
        buf_printf(out, "SIZE");
        break;
    case SCHEMA_TEXT:
        buf_printf(out, "TEXT");
        break;
    }
}

bool schema_value_warning(const struct schema_field *field, const struct schema_value *value, struct buf *out)
{
    if (field->advice == 0 || value->number <= field->advice)
        return false;
    buf_printf(out, "%s: ", field->name);
    schema_value_print(field, value, out);
    buf_printf(out, " is above the advised ");
    schema_value_print(field, &(struct schema_value){.number = field->advice}, out);
    return true;
}
