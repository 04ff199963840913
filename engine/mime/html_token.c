/* The tokenizer's states.  Each step takes some of the input and returns how much; one that takes nothing
 * changes to a state that does. */
#include "engine/mime/html_token.h"

#include "engine/mime/charset.h"
#include "engine/mime/html_entity.h"

enum state {
    TEXT,
    ENTITY,
    TAG_OPEN,
    END_TAG_OPEN,
    TAG_NAME,
    ATTRIBUTES,
    ATTRIBUTE_NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    QUOTED_VALUE,
    UNQUOTED_VALUE,
    MARKUP,
    COMMENT,
    BOGUS_COMMENT,
    RAW_TEXT,
    RAW_END,
};

static const char *const attribute_names[HTML_ATTRIBUTES] = {
    [HTML_ACTION] = "action", [HTML_BACKGROUND] = "background", [HTML_BGCOLOR] = "bgcolor",
    [HTML_CLASS] = "class",   [HTML_COLOR] = "color",           [HTML_HIDDEN] = "hidden",
    [HTML_HREF] = "href",     [HTML_STYLE] = "style",           [HTML_TEXT] = "text",
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

static size_t enter(struct html_tokenizer *t, enum state state, size_t used)
{
    t->state = state;
    t->seen = 0;
    return used;
}

static void emit_text(struct html_tokenizer *t, struct span utf8)
{
    if (utf8.n)
        t->handler.text(t->handler.context, utf8);
}

static size_t step_text(struct html_tokenizer *t, struct span in)
{
    size_t run = 0;
    while (run < in.n && in.p[run] != '<' && in.p[run] != '&')
        run++;
    emit_text(t, span_slice(in, 0, run));
    if (run == in.n)
        return run;
    t->entity_size = 0;
    return enter(t, in.p[run] == '<' ? TAG_OPEN : ENTITY, run + 1);
}

/* False when it is no reference and was passed on as text. */
static bool emit_entity(struct html_tokenizer *t)
{
    char utf8[HTML_ENTITY_UTF8_MOST];
    size_t size = html_entity_decode(span_of(t->entity, t->entity_size), utf8);
    if (size) {
        emit_text(t, span_of(utf8, size));
        return true;
    }
    emit_text(t, SPAN("&"));
    emit_text(t, span_of(t->entity, t->entity_size));
    return false;
}

static size_t step_entity(struct html_tokenizer *t, struct span in)
{
    if (html_entity_char(*in.p) && t->entity_size < sizeof t->entity) {
        t->entity[t->entity_size++] = *in.p;
        return 1;
    }
    bool closed = emit_entity(t) && *in.p == ';';
    return enter(t, TEXT, closed ? 1 : 0);
}

static void begin_tag(struct html_tokenizer *t, bool closing)
{
    t->tag.closing = closing;
    memset(t->tag.name, 0, sizeof t->tag.name);
    memset(t->tag.has, 0, sizeof t->tag.has);
    t->name_size = 0;
    t->values_size = 0;
}

static size_t step_tag_open(struct html_tokenizer *t, struct span in)
{
    if (is_letter(*in.p)) {
        begin_tag(t, false);
        return enter(t, TAG_NAME, 0);
    }
    if (*in.p == '/')
        return enter(t, END_TAG_OPEN, 1);
    if (*in.p == '!')
        return enter(t, MARKUP, 1);
    if (*in.p == '?')
        return enter(t, BOGUS_COMMENT, 1);
    emit_text(t, SPAN("<"));
    return enter(t, TEXT, 0);
}

static size_t step_end_tag_open(struct html_tokenizer *t, struct span in)
{
    if (!is_letter(*in.p))
        return enter(t, BOGUS_COMMENT, 0);
    begin_tag(t, true);
    return enter(t, TAG_NAME, 0);
}

static size_t step_tag_name(struct html_tokenizer *t, struct span in)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (is_space(c) || c == '/' || c == '>') {
            t->tag.element = html_element_find(t->tag.name);
            return enter(t, ATTRIBUTES, i);
        }
        if (t->name_size < HTML_NAME_MOST)
            t->tag.name[t->name_size++] = ascii_lower(c);
    }
    return in.n;
}

/* The name of a raw text element stays in t->tag: step_raw_end() compares with it. */
static void end_tag(struct html_tokenizer *t)
{
    bool raw = !t->tag.closing && (t->tag.element->traits & HTML_RAW);
    enter(t, raw ? RAW_TEXT : TEXT, 0);
    t->handler.tag(t->handler.context, &t->tag);
}

static size_t step_attributes(struct html_tokenizer *t, struct span in)
{
    if (*in.p == '>') {
        end_tag(t);
        return 1;
    }
    if (is_space(*in.p) || *in.p == '/')
        return 1;
    t->attribute_size = 0;
    return enter(t, ATTRIBUTE_NAME, 0);
}

static void end_attribute_name(struct html_tokenizer *t)
{
    t->kept = -1;
    t->attribute[t->attribute_size] = '\0';
    for (int a = 0; a < HTML_ATTRIBUTES; a++)
        if (t->attribute[0] == attribute_names[a][0] && strcmp(t->attribute, attribute_names[a]) == 0)
            t->kept = t->tag.has[a] ? -1 : a;
    if (t->kept >= 0) {
        t->tag.has[t->kept] = true;
        t->tag.value[t->kept] = span_of(t->values + t->values_size, 0);
    }
}

static size_t step_attribute_name(struct html_tokenizer *t, struct span in)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        bool first = t->attribute_size == 0; /* a "=" in front is part of the name */
        if (is_space(c) || c == '/' || c == '>' || (c == '=' && !first)) {
            end_attribute_name(t);
            return enter(t, AFTER_NAME, i);
        }
        if (t->attribute_size < HTML_NAME_MOST)
            t->attribute[t->attribute_size++] = ascii_lower(c);
    }
    return in.n;
}

static size_t step_after_name(struct html_tokenizer *t, struct span in)
{
    if (is_space(*in.p))
        return 1;
    if (*in.p == '=')
        return enter(t, BEFORE_VALUE, 1);
    return enter(t, ATTRIBUTES, 0);
}

static size_t step_before_value(struct html_tokenizer *t, struct span in)
{
    char c = *in.p;
    if (is_space(c))
        return 1;
    if (c == '>')
        return enter(t, ATTRIBUTES, 0);
    if (c != '"' && c != '\'')
        return enter(t, UNQUOTED_VALUE, 0);
    enter(t, QUOTED_VALUE, 0);
    t->seen = (unsigned char)c;
    return 1;
}

static void keep_value(struct html_tokenizer *t, struct span part)
{
    if (t->kept < 0)
        return;
    struct span *value = &t->tag.value[t->kept];
    size_t room = sizeof t->values - t->values_size;
    if (room > HTML_VALUE_MOST - value->n)
        room = HTML_VALUE_MOST - value->n;
    part = span_slice(part, 0, room);
    memcpy(t->values + t->values_size, part.p, part.n);
    t->values_size += part.n;
    value->n += part.n;
}

static void end_value(struct html_tokenizer *t)
{
    if (t->kept < 0)
        return;
    struct span *value = &t->tag.value[t->kept];
    char *begin = t->values + t->values_size - value->n;
    value->n = html_entities_decode(begin, mime_utf8_trim(*value).n);
}

static size_t step_quoted_value(struct html_tokenizer *t, struct span in)
{
    size_t run = span_find(in, (char)t->seen);
    keep_value(t, span_slice(in, 0, run));
    if (run == in.n)
        return run;
    end_value(t);
    return enter(t, ATTRIBUTES, run + 1);
}

static size_t step_unquoted_value(struct html_tokenizer *t, struct span in)
{
    size_t run = 0;
    while (run < in.n && !is_space(in.p[run]) && in.p[run] != '>')
        run++;
    keep_value(t, span_slice(in, 0, run));
    if (run == in.n)
        return run;
    end_value(t);
    return enter(t, ATTRIBUTES, run);
}

/* After "<!": a comment, or something that ends at the next ">". */
static size_t step_markup(struct html_tokenizer *t, struct span in)
{
    if (*in.p != '-')
        return enter(t, BOGUS_COMMENT, 0);
    if (++t->seen < 2)
        return 1;
    enter(t, COMMENT, 0);
    t->seen = 2; /* "<!-->" is a whole comment */
    return 1;
}

static size_t step_comment(struct html_tokenizer *t, struct span in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '-')
            t->seen += t->seen < 2;
        else if (in.p[i] == '>' && t->seen == 2)
            return enter(t, TEXT, i + 1);
        else if (in.p[i] != '!' || t->seen < 2) /* "--!>" ends it too */
            t->seen = 0;
    }
    return in.n;
}

static size_t step_bogus_comment(struct html_tokenizer *t, struct span in)
{
    size_t run = span_find(in, '>');
    return run == in.n ? run : enter(t, TEXT, run + 1);
}

static size_t step_raw_text(struct html_tokenizer *t, struct span in)
{
    size_t run = span_find(in, '<');
    return run == in.n ? run : enter(t, RAW_END, run + 1);
}

/* After "<" in raw text: only "/name" and then a blank, "/" or ">" ends it. */
static size_t step_raw_end(struct html_tokenizer *t, struct span in)
{
    char c = *in.p, want = t->seen == 0 ? '/' : t->tag.name[t->seen - 1];
    if (want && ascii_lower(c) == want) {
        t->seen++;
        return 1;
    }
    if (want || !(is_space(c) || c == '/' || c == '>'))
        return enter(t, RAW_TEXT, 0);
    t->tag.closing = true;
    return enter(t, ATTRIBUTES, 0);
}

static size_t (*const steps[])(struct html_tokenizer *, struct span) = {
    [TEXT] = step_text,
    [ENTITY] = step_entity,
    [TAG_OPEN] = step_tag_open,
    [END_TAG_OPEN] = step_end_tag_open,
    [TAG_NAME] = step_tag_name,
    [ATTRIBUTES] = step_attributes,
    [ATTRIBUTE_NAME] = step_attribute_name,
    [AFTER_NAME] = step_after_name,
    [BEFORE_VALUE] = step_before_value,
    [QUOTED_VALUE] = step_quoted_value,
    [UNQUOTED_VALUE] = step_unquoted_value,
    [MARKUP] = step_markup,
    [COMMENT] = step_comment,
    [BOGUS_COMMENT] = step_bogus_comment,
    [RAW_TEXT] = step_raw_text,
    [RAW_END] = step_raw_end,
};

void html_begin(struct html_tokenizer *t, struct html_handler handler)
{
    t->handler = handler;
    enter(t, TEXT, 0);
}

void html_feed(struct html_tokenizer *t, struct span utf8)
{
    while (utf8.n)
        utf8 = span_slice(utf8, steps[t->state](t, utf8), utf8.n);
}

void html_finish(struct html_tokenizer *t)
{
    if (t->state == ENTITY)
        emit_entity(t);
    else if (t->state == TAG_OPEN)
        emit_text(t, SPAN("<"));
    enter(t, TEXT, 0);
}
