/* Rows: values and their texts in one piece of memory, shared by counting. */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/schema/schema.h"

static bool is_text(const struct schema_table *table, unsigned field)
{
    return table->fields[field].type == SCHEMA_TEXT;
}

struct span schema_key_owner(struct span key)
{
    return span_slice(key, 0, span_find(key, '/'));
}

/* Writes the stored form of a key, as long as the key itself, to out. */
static void fold_key(const struct schema_table *table, struct span key, char *out)
{
    if (table->owner && key.n) {
        size_t owner = schema_key_owner(key).n;
        owner += owner < key.n; /* and the '/' */
        memcpy(out, key.p, owner);
        key = span_slice(key, owner, key.n);
        out += owner;
    }
    if (key.n == 0)
        return;
    if (table->rest_key && span_equal_nocase(key, span_text(table->rest_key)))
        memcpy(out, table->rest_key, key.n);
    else
        for (size_t i = 0; i < key.n; i++)
            out[i] = table->keys_are_domains ? ascii_lower(key.p[i]) : key.p[i];
}

struct span schema_key_fold(const struct schema_table *table, struct span key, struct arena *arena)
{
    char *folded = arena_alloc(arena, key.n + 1);
    fold_key(table, key, folded);
    return span_of(folded, key.n);
}

struct schema_row *schema_row_new(const struct schema_table *table, const struct schema_value *values)
{
    size_t values_size = table->field_count * sizeof *values, text_size = 0;
    for (unsigned i = 0; i < table->field_count; i++)
        if (is_text(table, i))
            text_size += values[i].text.n;
    struct schema_row *row = xmalloc(sizeof *row + values_size + text_size);
    row->references = 1;
    row->table = table;
    char *text = (char *)(row->values + table->field_count);
    for (unsigned i = 0; i < table->field_count; i++) {
        row->values[i] = (struct schema_value){.text = SPAN("")};
        if (!is_text(table, i)) {
            row->values[i].number = values[i].number;
            continue;
        }
        struct span source = values[i].text;
        if (i == 0 && table->kind == SCHEMA_LIST)
            fold_key(table, source, text);
        else if (source.n)
            memcpy(text, source.p, source.n);
        row->values[i].text = span_of(text, source.n);
        text += source.n;
    }
    return row;
}

struct schema_row *schema_row_preset(const struct schema_table *table, struct span key)
{
    struct schema_value *values = xcalloc(table->field_count, sizeof *values);
    struct error error;
    for (unsigned i = 0; i < table->field_count; i++) {
        struct span preset = span_text(table->fields[i].preset);
        if (is_text(table, i))
            values[i].text = preset; /* a key has none that would pass */
        else if (!schema_value_parse(&table->fields[i], preset, &values[i], &error))
            abort();
    }
    if (table->kind == SCHEMA_LIST)
        values[0].text = key;
    for (const struct schema_preset *p = table->presets; p && p->key; p++)
        if (span_equal(key, span_text(p->key)) &&
            !schema_value_parse(&table->fields[p->field], span_text(p->value), &values[p->field], &error))
            abort();
    struct schema_row *row = schema_row_new(table, values);
    free(values);
    return row;
}

struct schema_row *schema_row_ref(const struct schema_row *row)
{
    struct schema_row *shared = (struct schema_row *)row;
    shared->references++;
    return shared;
}

void schema_row_unref(const struct schema_row *row)
{
    struct schema_row *shared = (struct schema_row *)row;
    if (shared && --shared->references == 0)
        free(shared);
}

struct span schema_row_key(const struct schema_row *row)
{
    return row->table->kind == SCHEMA_LIST ? row->values[0].text : SPAN("");
}

bool schema_row_same(const struct schema_row *a, const struct schema_row *b)
{
    return a == b || (a && b && schema_row_equal(a, b));
}

bool schema_row_equal(const struct schema_row *a, const struct schema_row *b)
{
    if (a == b)
        return true;
    if (a->table != b->table)
        return false;
    for (unsigned i = 0; i < a->table->field_count; i++)
        if (!schema_value_equal(&a->table->fields[i], &a->values[i], &b->values[i]))
            return false;
    return true;
}

bool schema_row_has_default(const struct schema_row *row, unsigned field)
{
    const struct schema_field *f = &row->table->fields[field];
    struct schema_value preset;
    struct error error;
    return schema_value_parse(f, span_text(f->preset), &preset, &error) &&
           schema_value_equal(f, &preset, &row->values[field]);
}

bool schema_row_differs(const struct schema_row *before, const struct schema_row *row, unsigned first,
                        unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (before ? !schema_value_equal(&row->table->fields[i], &before->values[i], &row->values[i])
                   : !schema_row_has_default(row, i))
            return true;
    return false;
}

void schema_row_warn(const struct schema_row *before, const struct schema_row *after,
                     void (*warn)(const char *sentence, void *context), void *context)
{
    for (unsigned i = 0; i < after->table->field_count; i++) {
        const struct schema_field *field = &after->table->fields[i];
        struct buf sentence = {0};
        bool changed = !before || !schema_value_equal(field, &before->values[i], &after->values[i]);
        if (changed && schema_value_warning(field, &after->values[i], &sentence))
            warn(buf_text(&sentence), context);
        buf_free(&sentence);
    }
    struct buf doubt = {0};
    if (after->table->doubt_row && !schema_row_same(before, after))
        after->table->doubt_row(after, &doubt);
    if (doubt.len)
        warn(buf_text(&doubt), context);
    buf_free(&doubt);
}

void schema_row_put(struct buf *out, const struct schema_row *row)
{
    for (unsigned i = 0; i < row->table->field_count; i++) {
        if (is_text(row->table, i))
            wire_put_span(out, row->values[i].text);
        else
            wire_put_i64(out, row->values[i].number);
    }
}

/* Whether the values that came from another process can stand, each for itself and together. */
static bool values_fit(struct wire_reader *in, const struct schema_table *table, struct schema_value *values)
{
    struct error error;
    for (unsigned i = 0; i < table->field_count; i++) {
        if (is_text(table, i))
            values[i].text = wire_get_span(in);
        else
            values[i].number = wire_get_i64(in);
        if (in->failed || !schema_value_check(&table->fields[i], &values[i], &error))
            return false;
    }
    return true;
}

struct schema_row *schema_row_get(struct wire_reader *in, const struct schema_table *table)
{
    struct schema_value *values = xcalloc(table->field_count, sizeof *values);
    struct schema_row *row = values_fit(in, table, values) ? schema_row_new(table, values) : NULL;
    struct error error;
    free(values);
    if (row && table->check_row && !table->check_row(row, &error)) {
        schema_row_unref(row);
        row = NULL;
    }
    if (!row)
        in->failed = true;
    return row;
}

/* Texts are printable UTF-8, some with line feeds: only these, quote and backslash need escaping. */
static void put_json_text(struct buf *out, struct span text)
{
    buf_append_char(out, '"');
    while (text.n) {
        size_t plain = 0;
        while (plain < text.n && !memchr("\"\\\n", text.p[plain], 3))
            plain++;
        buf_append(out, text.p, plain);
        text = span_slice(text, plain, text.n);
        if (text.n) {
            buf_append_char(out, '\\');
            buf_append_char(out, text.p[0] == '\n' ? 'n' : text.p[0]);
            text = span_slice(text, 1, text.n);
        }
    }
    buf_append_char(out, '"');
}

static void put_json_value(struct buf *out, const struct schema_field *field,
                           const struct schema_value *value)
{
    switch (field->type) {
    case SCHEMA_FLAG:
        buf_append_span(out, value->number ? SPAN("true") : SPAN("false"));
        break;
    case SCHEMA_NUMBER:
    case SCHEMA_SIZE:
        buf_printf(out, "%" PRId64, value->number);
        break;
    case SCHEMA_CHOICE:
        put_json_text(out, span_text(field->choices[value->number]));
        break;
    case SCHEMA_TEXT:
        put_json_text(out, value->text);
        break;
    }
}

/* The field whose name comes next behind `last` in byte order; names are distinct. */
static unsigned next_by_name(const struct schema_table *table, const char *last)
{
    unsigned next = table->field_count;
    for (unsigned i = 0; i < table->field_count; i++) {
        const char *name = table->fields[i].name;
        if ((!last || strcmp(name, last) > 0) &&
            (next == table->field_count || strcmp(name, table->fields[next].name) < 0))
            next = i;
    }
    return next;
}

void schema_row_put_json(struct buf *out, const struct schema_row *row)
{
    const char *last = NULL;
    buf_append_char(out, '{');
    for (unsigned n = 0; n < row->table->field_count; n++) {
        unsigned i = next_by_name(row->table, last);
        const struct schema_field *field = &row->table->fields[i];
        if (n)
            buf_append_char(out, ',');
        put_json_text(out, span_text(field->name));
        buf_append_char(out, ':');
        put_json_value(out, field, &row->values[i]);
        last = field->name;
    }
    buf_append_char(out, '}');
}
