/* The structure of configuration files, over expat.
 *
 * Documents that define entities are refused before any is expanded, and nothing outside the text is ever opened.  Depth is
 * bounded by what elements there can be, the length of values by VALUE_MAX.
 */
#include "commands/config_reader.h"

#include <expat.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/text.h"
#include "engine/schema/elements.h"

enum { VALUE_MAX = 256 * 1024, DEPTH_MAX = 16, PIECE = 1024 * 1024, SHOWN_MAX = 60 };

enum kind {
    OUTSIDE,    /* the document */
    CONFIG,     /* <config> */
    ENCRYPTION, /* <config_encryption> */
    SECTION,    /* of a list: rows */
    ROW,        /* fields, and sections of tables that its row owns */
    FIELD,
    PLAIN, /* text of no table: member of ENCRYPTION, or <hostname> */
};

struct node {
    enum kind kind;
    const struct schema_table *table;
    unsigned field;
    unsigned line;
    json_t *fields;  /* of a row */
    char member[16]; /* of a PLAIN: in facts->secrets; empty: nowhere */
    bool sealed;     /* a FIELD whose text is encrypted */
};

struct reading {
    XML_Parser parser;
    const struct config_reader *reader;
    struct config_reader_facts *facts;
    struct error *error;
    struct arena *arena;
    struct node nodes[DEPTH_MAX];
    unsigned depth; /* nodes[depth] is the element in hand */
    struct buf text;
    json_t *lines; /* table/key -> line, of this section */
    bool seen[SCHEMA_TABLE_COUNT];
    bool failed;
};

static void stop(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first error counts. */
static void stop(struct reading *r, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    if (r->failed)
        return;
    r->failed = true;
    buf_printf(&text, "line %lu: ", XML_GetCurrentLineNumber(r->parser));
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    error_set(r->error, "%s", buf_text(&text));
    buf_free(&text);
    XML_StopParser(r->parser, XML_FALSE);
}

/* The visitor gave up, and knows why. */
static void give_up(struct reading *r)
{
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static struct node *top(struct reading *r)
{
    return &r->nodes[r->depth];
}

static unsigned line_now(const struct reading *r)
{
    return (unsigned)XML_GetCurrentLineNumber(r->parser);
}

static struct node *push(struct reading *r, enum kind kind, const struct schema_table *table)
{
    struct node *n = &r->nodes[++r->depth];
    *n = (struct node){.kind = kind, .table = table, .line = line_now(r)};
    if (kind == ROW)
        n->fields = json_object();
    buf_clear(&r->text);
    return n;
}

static void unknown(struct reading *r, const char *name, const char *where)
{
    struct buf shown = {0};
    text_from_wire(&shown, span_text(name), SHOWN_MAX);
    stop(r, "there is no element <%s> in %s", buf_text(&shown), where);
    buf_free(&shown);
}

/* ---- elements that begin ---- */

/* A single table is a row itself. */
static void begin_section(struct reading *r, const struct schema_table *table)
{
    if (r->seen[table->id]) {
        stop(r, "the section of %s is there twice", table->name);
        return;
    }
    r->seen[table->id] = true;
    r->facts->sections += table->owner == NULL;
    if (!table->owner)
        json_object_clear(r->lines);
    push(r, table->kind == SCHEMA_SINGLE ? ROW : SECTION, table);
    if (!r->reader->section(table, line_now(r), r->reader->context))
        give_up(r);
}

static void begin_plain(struct reading *r, const char *name)
{
    struct node *n = push(r, PLAIN, NULL);
    size_t length = strlen(name);
    if (length < sizeof n->member)
        memcpy(n->member, name, length + 1);
}

static void in_config(struct reading *r, const char *name)
{
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++) {
        const struct schema_table *table = &schema_tables[i];
        if (schema_is_section(table) && schema_element_is(schema_section_name(table), span_text(name))) {
            begin_section(r, table);
            return;
        }
    }
    if (strcmp(name, "config_encryption") == 0 && !r->facts->secrets) {
        r->facts->secrets = json_object();
        push(r, ENCRYPTION, NULL);
    } else if (strcmp(name, "hostname") == 0) {
        begin_plain(r, ""); /* of the machine that wrote the file */
    } else {
        unknown(r, name, "<config>");
    }
}

static void in_encryption(struct reading *r, const char *name)
{
    bool known = strcmp(name, "key") == 0 || strcmp(name, "salt") == 0 || strcmp(name, "check") == 0;
    if (!known || json_object_get(r->facts->secrets, name))
        unknown(r, name, "<config_encryption>");
    else
        begin_plain(r, name);
}

static void in_section(struct reading *r, const char *name)
{
    const struct schema_table *table = top(r)->table;
    if (!schema_element_is(schema_row_name(table), span_text(name))) {
        unknown(r, name, table->name);
        return;
    }
    push(r, ROW, table);
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        if (schema_tables[i].owner == table)
            r->seen[i] = false; /* each row may have one */
}

static bool begin_owned(struct reading *r, const char *name)
{
    const struct node *row = top(r);
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++) {
        const struct schema_table *table = &schema_tables[i];
        if (table->owner != row->table || !schema_element_is(schema_section_name(table), span_text(name)))
            continue;
        if (!json_object_get(row->fields, row->table->fields[0].name))
            stop(r, "the name of the %s must stand before its <%s>", row->table->row_noun, name);
        else
            begin_section(r, table);
        return true;
    }
    return false;
}

static void unknown_attribute(struct reading *r, const char *name)
{
    stop(r, "there is no attribute %.40s here", name);
}

static bool is_sealed(struct reading *r, const char **attributes)
{
    bool sealed = *attributes && strcmp(attributes[0], SCHEMA_SEALED_ATTRIBUTE) == 0;
    if (sealed && strcmp(attributes[1], SCHEMA_SEALED_METHOD) != 0)
        stop(r, "%s: '%.40s' is not %s", SCHEMA_SEALED_ATTRIBUTE, attributes[1], SCHEMA_SEALED_METHOD);
    if (*attributes && (!sealed || attributes[2]))
        unknown_attribute(r, attributes[sealed ? 2 : 0]);
    return sealed;
}

static void in_row(struct reading *r, const char *name, const char **attributes)
{
    const struct schema_table *table = top(r)->table;
    unsigned field = 0;
    while (field < table->field_count && !schema_element_is(schema_field_name(table, field), span_text(name)))
        field++;
    if (field < table->field_count) {
        if (json_object_get(top(r)->fields, table->fields[field].name)) {
            stop(r, "<%s> is there twice", name);
            return;
        }
        struct node *n = push(r, FIELD, table);
        n->field = field;
        n->sealed = is_sealed(r, attributes);
        if (n->sealed && !table->fields[field].secret)
            stop(r, "<%s> is no secret and cannot be encrypted", name);
    } else if (*attributes) {
        unknown_attribute(r, *attributes);
    } else if (!begin_owned(r, name)) {
        unknown(r, name, table->name);
    }
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
    struct reading *r = context;
    if (r->failed)
        return;
    if (*attributes && top(r)->kind != ROW)
        unknown_attribute(r, *attributes);
    switch (top(r)->kind) {
    case OUTSIDE:
        if (strcmp(name, "config") == 0)
            push(r, CONFIG, NULL);
        else
            unknown(r, name, "a configuration file, which is a <config>");
        break;
    case CONFIG:
        in_config(r, name);
        break;
    case ENCRYPTION:
        in_encryption(r, name);
        break;
    case SECTION:
        in_section(r, name);
        break;
    case ROW:
        in_row(r, name, attributes);
        break;
    case FIELD:
    case PLAIN:
        unknown(r, name, "a value");
        break;
    }
}

/* ---- texts ---- */

static bool is_blank(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr(" \t\r\n", s.p[i]))
            return false;
    return true;
}

static void XMLCALL on_text(void *context, const char *text, int size)
{
    struct reading *r = context;
    struct span s = span_of(text, (size_t)size);
    if (r->failed)
        return;
    if (top(r)->kind != FIELD && top(r)->kind != PLAIN) {
        if (!is_blank(s))
            stop(r, "text where elements should be");
        return;
    }
    if (r->text.len + s.n > VALUE_MAX)
        stop(r, "a value of more than %d bytes", VALUE_MAX);
    else
        buf_append_span(&r->text, s);
}

/* ---- elements that end ---- */

static void end_plain(struct reading *r, const struct node *n)
{
    struct span text = span_trim(buf_span(&r->text));
    if (n->member[0])
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
        stop(r, "%s is masked: files with masked passphrases cannot be loaded", field->name);
        return false;
    }
    if (schema_value_parse(field, text, &value, &reason))
        return true;
    stop(r, "%s", reason.text);
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
        stop(r, "'%s' is on line %u already", key, (unsigned)json_integer_value(earlier));
    else
        json_object_set_new(r->lines, name.data, json_integer(line_now(r)));
    buf_free(&name);
    return !earlier;
}

static bool check_key(struct reading *r, const struct node *n, const char **key)
{
    const struct schema_field *field = &n->table->fields[0];
    const char *said = json_string_value(json_object_get(n->fields, field->name));
    if (!said) {
        stop(r, "this %s has no %s", n->table->row_noun, field->name);
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
            give_up(r);
        json_decref(fields);
    }
    arena_reset(r->arena);
}

static void XMLCALL on_end(void *context, const char *name)
{
    struct reading *r = context;
    (void)name;
    if (r->failed)
        return;
    struct node n = *top(r);
    if (n.kind == ROW)
        end_row(r, &n);
    json_decref(n.fields);
    top(r)->fields = NULL;
    r->depth--;
    if (n.kind == FIELD)
        end_field(r, &n);
    else if (n.kind == PLAIN)
        end_plain(r, &n);
}

/* ---- the document ---- */

static void XMLCALL on_doctype(void *context, const char *name, const char *system, const char *public,
                               int has_internal_subset)
{
    (void)name, (void)system, (void)public;
    if (has_internal_subset)
        stop(context, "declarations inside the file are not allowed");
}

static void XMLCALL on_entity(void *context, const char *name, int is_parameter)
{
    (void)is_parameter;
    stop(context, "there is no entity &%.20s;", name);
}

static void parse(struct reading *r, struct span text)
{
    bool last = false;
    while (!r->failed && !last) {
        struct span piece = span_slice(text, 0, PIECE);
        text = span_slice(text, piece.n, text.n);
        last = text.n == 0;
        if (XML_Parse(r->parser, piece.n ? piece.p : "", (int)piece.n, last) == XML_STATUS_ERROR)
            stop(r, "%s", XML_ErrorString(XML_GetErrorCode(r->parser)));
    }
}

bool config_read(struct span text, const struct config_reader *reader, struct config_reader_facts *facts,
                 struct error *error)
{
    /* Whatever the file says of its encoding: ours are US-ASCII, and people write UTF-8. */
    struct reading r = {.parser = XML_ParserCreate("UTF-8"),
                        .reader = reader,
                        .facts = facts,
                        .error = error,
                        .arena = arena_new(),
                        .lines = json_object()};
    *facts = (struct config_reader_facts){0};
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    XML_SetSkippedEntityHandler(r.parser, on_entity);
    parse(&r, text);
    while (r.depth) {
        json_decref(top(&r)->fields);
        r.depth--;
    }
    XML_ParserFree(r.parser);
    json_decref(r.lines);
    arena_free(r.arena);
    buf_free(&r.text);
    return !r.failed;
}
