/* Elements of a configuration file that end: their values, keys and rows. */
#include "commands/config_reading.h"
#include "engine/schema/elements.h"

static void end_plain(struct reading *r, const struct node *n)
{
    struct span text = span_trim(buf_span(&r->text));
    json_object_set_new(r->facts->secrets, n->member, json_stringn(text.n ? text.p : "", text.n));
}

/* The key of a row that is owned, with its owner; NULL after an error. */
static const char *full_key(struct reading *r, const struct schema_table *table, const char *key)
{
    if (!table->owner)
        return key;
    const struct node *owner = &r->nodes[r->depth - 2]; /* ROW of the owner, SECTION, ROW */
    const char *owner_key = json_string_value(json_object_get(owner->fields, table->owner->fields[0].name));
    struct buf whole = {0};
    buf_printf(&whole, "%s/%s", owner_key, key);
    char *text = arena_text(r->arena, buf_span(&whole));
    buf_free(&whole);
    return text;
}

static bool check_value(struct reading *r, const struct schema_field *field, struct span text)
{
    struct schema_value value;
    struct error reason;
    if (field->secret && span_equal(text, SPAN(SCHEMA_MASK))) {
        reading_stop(r, "%s is masked: files with masked passphrases cannot be loaded", field->name);
        return false;
    }
    if (schema_value_parse(field, text, &value, &reason))
        return true;
    reading_stop(r, "%s", reason.text);
    return false;
}

static void end_field(struct reading *r, const struct node *n)
{
    const struct schema_field *field = &n->table->fields[n->field];
    struct span text = buf_span(&r->text);
    json_t *value = json_stringn(text.n ? text.p : "", text.n);
    bool is_part = n->field == 0 && n->table->owner; /* of a key: checked as a whole */
    if (n->sealed)
        value = json_pack("{s:o}", "encrypted", value);
    else if (!is_part && !check_value(r, field, text)) {
        json_decref(value);
        return;
    }
    json_object_set_new(r->nodes[r->depth].fields, field->name, value);
}

/* Two rows of one key would leave open which one counts. */
static bool is_first(struct reading *r, const struct schema_table *table, const char *key)
{
    struct buf name = {0};
    buf_printf(&name, "%u/", (unsigned)table->id);
    buf_append_span(&name, schema_key_fold(table, span_text(key), r->arena));
    json_t *earlier = json_object_get(r->lines, buf_text(&name));
    if (earlier)
        reading_stop(r, "'%s' is on line %u already", key, (unsigned)json_integer_value(earlier));
    else
        json_object_set_new(r->lines, name.data, json_integer(reading_line(r)));
    buf_free(&name);
    return !earlier;
}

static bool check_key(struct reading *r, const struct node *n, const char **key)
{
    const struct schema_field *field = &n->table->fields[0];
    const char *said = json_string_value(json_object_get(n->fields, field->name));
    if (!said) {
        reading_stop(r, "this %s has no %s", n->table->row_noun, field->name);
        return false;
    }
    *key = full_key(r, n->table, said);
    return check_value(r, field, span_text(*key)) && is_first(r, n->table, *key);
}

/* Rows that it owns have been told already. */
static void end_row(struct reading *r, const struct node *n)
{
    const char *key = NULL;
    if (n->table->kind == SCHEMA_SINGLE || check_key(r, n, &key)) {
        json_t *fields = json_copy(n->fields);
        if (key)
            json_object_del(fields, n->table->fields[0].name);
        if (!r->reader->row(n->table, key, fields, n->line, r->reader->context))
            reading_give_up(r);
        json_decref(fields);
    }
    arena_reset(r->arena);
}

void XMLCALL reading_end(void *context, const char *name)
{
    struct reading *r = context;
    if (r->failed)
        return;
    struct node n = *reading_top(r);
    if (n.kind == ROW)
        end_row(r, &n);
    json_decref(n.fields);
    reading_top(r)->fields = NULL;
    r->depth--;
    if (n.kind == FIELD) {
        end_field(r, &n);
        if (schema_section_is_value(n.table)) /* its element is the row's, too */
            reading_end(r, name);
    }
    if (n.kind == PLAIN)
        end_plain(r, &n);
}
