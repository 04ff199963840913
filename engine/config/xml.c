/* Writing configurations as XML. */
#include "engine/config/xml.h"

#include "engine/base/text.h"
#include "engine/schema/elements.h"

enum { BANNER_WIDTH = 78, STEP = 2 };

/* ---- texts ---- */

static uint32_t code_point(struct span s, size_t length)
{
    uint32_t code = (unsigned char)s.p[0] & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)s.p[i] & 0x3F);
    return code;
}

/* Values are UTF-8: every field checks that. */
static void put_text(struct buf *out, struct span text)
{
    while (text.n) {
        size_t length = 1;
        if (text.p[0] == '&')
            buf_append_span(out, SPAN("&amp;"));
        else if (text.p[0] == '<')
            buf_append_span(out, SPAN("&lt;"));
        else if (text.p[0] == '>')
            buf_append_span(out, SPAN("&gt;"));
        else if ((unsigned char)text.p[0] < 0x80)
            buf_append_char(out, text.p[0]);
        else if ((length = text_utf8_length(text)) != 0)
            buf_printf(out, "&#%u;", (unsigned)code_point(text, length));
        else
            length = 1;
        text = span_slice(text, length, text.n);
    }
}

static void put_tag(struct buf *out, int indent, const char *open, const char *name, const char *close)
{
    buf_printf(out, "%*s%s", indent, "", open);
    schema_element_put(out, name);
    buf_append_span(out, span_text(close));
}

void config_xml_put(struct buf *out, int indent, const char *name, struct span text)
{
    put_tag(out, indent, "<", name, ">");
    put_text(out, text);
    put_tag(out, 0, "</", name, ">\n");
}

void config_xml_put_comment(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool plain = text.p[i] >= ' ' && text.p[i] <= '~';
        bool ends = text.p[i] == '-' && out->len && out->data[out->len - 1] == '-';
        buf_append_char(out, !plain ? '?' : ends ? '_' : text.p[i]);
    }
}

void config_xml_put_banner(struct buf *out, const char *title)
{
    size_t room = BANNER_WIDTH - 2, length = strlen(title);
    size_t before = length < room ? (room - length) / 2 : 0;
    size_t after = length < room ? room - length - before : 0;
    char stars[BANNER_WIDTH + 1];
    memset(stars, '*', BANNER_WIDTH);
    stars[BANNER_WIDTH] = '\0';
    buf_printf(out, "<!--\n%s\n*%*s", stars, (int)before, "");
    config_xml_put_comment(out, span_text(title));
    buf_printf(out, "%*s*\n%s\n-->\n\n", (int)after, "", stars);
}

/* ---- rows ---- */

static void put_secret(struct config_xml *x, struct buf *out, int indent, const struct schema_row *row,
                       unsigned field)
{
    const struct schema_field *f = &row->table->fields[field];
    const char *name = schema_field_name(row->table, field);
    struct buf sealed = {0};
    if (x->seal && row->values[field].text.n) {
        x->failed |= !x->seal(row->table, f, row->values[field].text, &sealed, x->context);
        put_tag(out, indent, "<", name, " " SCHEMA_SEALED_ATTRIBUTE "=\"" SCHEMA_SEALED_METHOD "\">");
        buf_append_span(out, buf_span(&sealed));
        put_tag(out, 0, "</", name, ">\n");
    } else {
        schema_value_print(f, &row->values[field], &sealed); /* masked, or empty */
        config_xml_put(out, indent, name, buf_span(&sealed));
    }
    buf_free(&sealed);
}

static void put_fields(struct config_xml *x, struct buf *out, int indent, const struct schema_row *row)
{
    struct buf value = {0};
    for (unsigned i = 0; i < row->table->field_count; i++) {
        buf_clear(&value);
        if (row->table->fields[i].secret) {
            put_secret(x, out, indent, row, i);
            continue;
        }
        schema_value_print(&row->table->fields[i], &row->values[i], &value);
        struct span text = buf_span(&value);
        if (i == 0 && row->table->owner) {
            size_t owner = schema_key_owner(text).n;
            text = span_slice(text, owner + 1, text.n);
        }
        config_xml_put(out, indent, schema_field_name(row->table, i), text);
    }
    buf_free(&value);
}

/* A section that is the value of its one field. */
static void put_value(struct buf *out, const struct schema_row *row)
{
    struct buf value = {0};
    schema_value_print(&row->table->fields[0], &row->values[0], &value);
    config_xml_put(out, STEP, schema_section_name(row->table), buf_span(&value));
    buf_free(&value);
}

/* ---- tables inside a row ---- */

/* Goes to the next table that belongs to rows of this section. */
static bool next_owned(struct config_xml *x)
{
    while (x->owned < SCHEMA_TABLE_COUNT && schema_tables[x->owned].owner != &schema_tables[x->section])
        x->owned++;
    return x->owned < SCHEMA_TABLE_COUNT;
}

static void open_owned(struct config_xml *x, struct buf *out)
{
    if (!next_owned(x))
        return;
    const struct config_table *table =
        config_resolve(x->tree, x->place, (enum schema_table_id)x->owned, NULL);
    const struct schema_row *first = config_table_owned(table, schema_row_key(x->owner));
    x->owned_cursor = (struct config_cursor){0};
    if (first)
        x->owned_cursor = config_table_from(table, schema_row_key(first));
    put_tag(out, 3 * STEP, "<", schema_section_name(&schema_tables[x->owned]), ">\n");
}

static const struct schema_row *next_owned_row(struct config_xml *x)
{
    const struct schema_row *row = x->owned_cursor.table ? config_table_next(&x->owned_cursor) : NULL;
    return row && span_equal(schema_key_owner(schema_row_key(row)), schema_row_key(x->owner)) ? row : NULL;
}

static void put_owned(struct config_xml *x, struct buf *out)
{
    const struct schema_table *table = &schema_tables[x->owned];
    const struct schema_row *row = next_owned_row(x);
    if (row) {
        put_tag(out, 4 * STEP, "<", schema_row_name(table), ">\n");
        put_fields(x, out, 5 * STEP, row);
        put_tag(out, 4 * STEP, "</", schema_row_name(table), ">\n");
        return;
    }
    put_tag(out, 3 * STEP, "</", schema_section_name(table), ">\n");
    x->owned++;
    open_owned(x, out);
}

/* ---- sections ---- */

static bool open_section(struct config_xml *x, struct buf *out)
{
    while (x->section < SCHEMA_TABLE_COUNT && !schema_is_section(&schema_tables[x->section]))
        x->section++;
    if (x->section == SCHEMA_TABLE_COUNT)
        return false;
    const struct schema_table *table = &schema_tables[x->section];
    x->cursor = config_table_start(config_resolve(x->tree, x->place, table->id, NULL));
    config_xml_put_banner(out, table->help);
    if (!schema_section_is_value(table))
        put_tag(out, STEP, "<", schema_section_name(table), ">\n");
    return true;
}

static bool end_section(struct config_xml *x, struct buf *out)
{
    const struct schema_table *table = &schema_tables[x->section++];
    if (!schema_section_is_value(table))
        put_tag(out, STEP, "</", schema_section_name(table), ">\n");
    buf_append_char(out, '\n');
    return open_section(x, out);
}

static void put_list_row(struct config_xml *x, struct buf *out, const struct schema_row *row)
{
    put_tag(out, 2 * STEP, "<", schema_row_name(row->table), ">\n");
    put_fields(x, out, 3 * STEP, row);
    x->owner = row;
    x->owned = 0;
    open_owned(x, out);
}

static void end_row(struct config_xml *x, struct buf *out)
{
    put_tag(out, 2 * STEP, "</", schema_row_name(x->owner->table), ">\n");
    x->owner = NULL;
}

bool config_xml_more(struct config_xml *x, struct buf *out)
{
    if (!x->begun) {
        x->begun = true;
        return open_section(x, out);
    }
    if (x->owner && x->owned < SCHEMA_TABLE_COUNT) {
        put_owned(x, out);
        return true;
    }
    if (x->owner) {
        end_row(x, out);
        return true;
    }
    const struct schema_row *row = config_table_next(&x->cursor);
    if (!row)
        return end_section(x, out);
    if (row->table->kind == SCHEMA_LIST)
        put_list_row(x, out, row);
    else if (schema_section_is_value(row->table))
        put_value(out, row);
    else
        put_fields(x, out, 2 * STEP, row);
    return true;
}
