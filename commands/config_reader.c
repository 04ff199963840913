/* The structure of configuration files, over expat.
 *
 * Documents that define entities are refused before any is expanded, and nothing outside the text is ever opened.  Depth is
 * bounded by what elements there can be, the length of values by VALUE_MAX.
 */
#include "commands/config_reader.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "commands/config_reading.h"

enum { VALUE_MAX = 256 * 1024, PIECE = 1024 * 1024 };

void reading_stop(struct reading *r, const char *format, ...)
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

void reading_give_up(struct reading *r)
{
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

struct node *reading_top(struct reading *r)
{
    return &r->nodes[r->depth];
}

unsigned reading_line(const struct reading *r)
{
    return (unsigned)XML_GetCurrentLineNumber(r->parser);
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
    if (reading_top(r)->kind != FIELD && reading_top(r)->kind != PLAIN) {
        if (!is_blank(s))
            reading_stop(r, "text where elements should be");
        return;
    }
    if (r->text.len + s.n > VALUE_MAX)
        reading_stop(r, "a value of more than %d bytes", VALUE_MAX);
    else
        buf_append_span(&r->text, s);
}

/* ---- the document ---- */

static void XMLCALL on_doctype(void *context, const char *name, const char *system, const char *public,
                               int has_internal_subset)
{
    (void)name, (void)system, (void)public;
    if (has_internal_subset)
        reading_stop(context, "declarations inside the file are not allowed");
}

static void XMLCALL on_entity(void *context, const char *name, int is_parameter)
{
    (void)is_parameter;
    reading_stop(context, "there is no entity &%.20s;", name);
}

static void parse(struct reading *r, struct span text)
{
    bool last = false;
    while (!r->failed && !last) {
        struct span piece = span_slice(text, 0, PIECE);
        text = span_slice(text, piece.n, text.n);
        last = text.n == 0;
        if (XML_Parse(r->parser, piece.n ? piece.p : "", (int)piece.n, last) == XML_STATUS_ERROR)
            reading_stop(r, "%s", XML_ErrorString(XML_GetErrorCode(r->parser)));
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
    XML_SetElementHandler(r.parser, reading_begin, reading_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    XML_SetSkippedEntityHandler(r.parser, on_entity);
    parse(&r, text);
    while (r.depth) {
        json_decref(reading_top(&r)->fields);
        r.depth--;
    }
    XML_ParserFree(r.parser);
    json_decref(r.lines);
    arena_free(r.arena);
    buf_free(&r.text);
    return !r.failed;
}
