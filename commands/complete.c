/* Completion: down the tree of verbs as a batch line goes, then what may stand there. */
#include "commands/complete.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "commands/levels.h"
#include "commands/list_table.h"

enum { ITEMS_STEP = 32 };

/* ---- gathering ---- */

static bool begins_with(const char *word, const char *partial)
{
    return strncasecmp(word, partial, strlen(partial)) == 0;
}

static void add(struct completions *c, const char *word, const char *text, const char *partial)
{
    if (!begins_with(word, partial))
        return;
    if (c->count % ITEMS_STEP == 0) {
        struct completion *more = arena_calloc(c->arena, c->count + ITEMS_STEP, sizeof *more);
        if (c->count)
            memcpy(more, c->items, c->count * sizeof *more);
        c->items = more;
    }
    c->items[c->count++] =
        (struct completion){arena_text(c->arena, span_text(word)), arena_text(c->arena, span_text(text))};
}

/* A name of the daemon's: in quotes where it needs them. */
static void add_name(struct completions *c, const char *name, const char *partial)
{
    struct buf quoted = {0};
    if (!name[strcspn(name, " \t;\"\\#")]) {
        add(c, name, "", partial);
        return;
    }
    if (!begins_with(name, partial))
        return;
    buf_append_char(&quoted, '"');
    for (const char *p = name; *p; p++)
        buf_printf(&quoted, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    buf_append_char(&quoted, '"');
    add(c, buf_text(&quoted), "", "");
    buf_free(&quoted);
}

static void add_hint(struct completions *c, const char *hint)
{
    if (hint && hint[0])
        buf_printf(&c->hint, "%s%s", c->hint.len ? " " : "", hint);
}

void completions_free(struct completions *c)
{
    arena_free(c->arena);
    buf_free(&c->hint);
}

/* ---- names that the daemon knows ---- */

static void add_live(struct shell *sh, struct completions *c, const struct live *live, const char *owner,
                     const char *partial)
{
    size_t i;
    json_t *name, *result, *request = json_pack("{s:s}", "method", live->method);
    if (live->table) {
        json_object_set_new(request, "table", json_string(live->table));
        json_object_set_new(request, "prefix", json_string(partial));
        if (owner)
            json_object_set_new(request, "owner", json_string(owner));
    }
    result = shell_live(sh, request);
    json_array_foreach(json_object_get(result, live->member), i, name)
    {
        const json_t *text = live->of_row ? json_object_get(name, live->of_row) : name;
        if (json_is_string(text))
            add_name(c, json_string_value(text), partial);
    }
    json_decref(result);
}

/* The rows that a verb of a list is about. */
static void add_rows(struct shell *sh, struct completions *c, const struct list_table *list,
                     const char *owner, const char *partial)
{
    const struct live rows = {
        .method = "config.keys", .table = schema_tables[list->table].name, .member = "keys"};
    add_live(sh, c, &rows, schema_tables[list->table].owner ? owner : NULL, partial);
}

/* ---- forms ---- */

/* Each value that a field can be given by a word, behind `option` ("--tls="); nothing for numbers and texts. */
static void add_values(struct completions *c, const struct schema_field *field, const char *option,
                       const char *partial)
{
    static const char *const flags[] = {"off", "on", NULL};
    const char *const *choices = field->type == SCHEMA_FLAG ? flags : field->choices;
    struct buf word = {0};
    for (; choices && *choices; choices++) {
        buf_clear(&word);
        buf_printf(&word, "%s%s", option, *choices);
        add(c, buf_text(&word), "", partial);
    }
    buf_free(&word);
    if (!(field->type == SCHEMA_FLAG || field->choices)) {
        schema_field_usage(field, &c->hint);
        buf_printf(&c->hint, " (%s)", field->help);
    }
}

static bool is_given(const char *option, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (strncmp(words[i], option, strlen(option)) == 0)
            return true;
    return false;
}

static void add_option(struct completions *c, const struct schema_field *field, int count, char **words,
                       const char *partial)
{
    char option[96];
    snprintf(option, sizeof option, "--%s=", field->name);
    if (is_given(option, count, words))
        return;
    if (strncmp(partial, option, strlen(option)) == 0)
        add_values(c, field, option, partial);
    else
        add(c, option, field->help, partial);
}

/* words: those behind the verb. */
static void add_form(struct completions *c, const struct form *form, int count, char **words,
                     const char *partial)
{
    int positional = 0;
    for (int i = 0; i < count; i++)
        positional += strncmp(words[i], "--", 2) != 0;
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        const struct schema_field *field = &schema_tables[form->table].fields[step->field];
        if (step->flags & STEP_DIALOGUE_ONLY)
            continue;
        if (!(step->flags & STEP_POSITIONAL))
            add_option(c, field, count, words, partial);
        else if (positional-- == 0)
            add_values(c, field, "", partial);
    }
}

/* ---- the way down ---- */

static const struct verb *find_verb(const struct verb *verbs, const char *word)
{
    for (const struct verb *v = verbs; v && v->word; v++)
        if (strcasecmp(v->word, word) == 0 && (v->batch || v->verbs))
            return v;
    return NULL;
}

static void add_verbs(struct completions *c, const struct verb *verbs, const char *partial)
{
    for (const struct verb *v = verbs; v && v->word; v++)
        if (v->batch || v->verbs) /* others are only chosen in menus */
            add(c, v->word, v->text, partial);
}

static void add_commands(struct completions *c, const char *partial)
{
    for (size_t i = 0; command_table[i]; i++)
        add(c, command_table[i]->name, command_table[i]->summary, partial);
}

/* Where a line has got to. */
struct place {
    const struct verb *verb; /* the last one; NULL: none yet */
    const struct list_table *list;
    const struct live *live;
    const char *owner; /* the object named last */
};

/* The object that the verb in place takes: one that is there, unless it makes a new one. */
static void add_objects(struct shell *sh, struct completions *c, const struct place *place,
                        const char *partial)
{
    const struct verb *verb = place->verb;
    if (place->live)
        add_live(sh, c, place->live, NULL, partial);
    else if (place->list && strcmp(verb->word, "new") != 0)
        add_rows(sh, c, place->list, place->owner, partial);
    add_hint(c, verb->object);
}

static void step_down(struct place *place, const struct verb *verb)
{
    place->verb = verb;
    if (verb->list)
        place->list = verb->list;
    if (verb->live)
        place->live = verb->live;
}

static void complete_command(struct shell *sh, const struct command *command, int count, char **words,
                             const char *partial, struct completions *c)
{
    struct place place = {.list = command->list};
    const struct verb *verbs = command->verbs, *verb;
    int i = 0;
    bool has_levels = shell_cluster(sh)[0] && command_shared_tables(command);
    if (has_levels && count == 0)
        add_verbs(c, level_verbs, partial);
    if (has_levels && count && !find_verb(verbs, words[0]))
        verbs = level_verbs;
    while (i < count && (verb = find_verb(verbs, words[i]))) {
        step_down(&place, verb);
        i++;
        if (verb->object && i == count) {
            add_objects(sh, c, &place, partial);
            return;
        }
        if (verb->object)
            place.owner = words[i++];
        verbs = verb->verbs;
    }
    if (i == count)
        add_verbs(c, verbs, partial);
    if (place.verb && place.verb->form)
        add_form(c, place.verb->form, count - i, words + i, partial);
    else if (place.verb)
        add_hint(c, place.verb->usage);
    if (!place.verb && command->live)
        add_live(sh, c, command->live, NULL, partial);
    if (!place.verb)
        add_hint(c, command->usage);
}

void complete_words(struct shell *sh, int count, char **words, const char *partial, struct completions *c)
{
    *c = (struct completions){.arena = arena_new()};
    const struct command *command = count ? command_find(words[0]) : NULL;
    if (count == 0)
        add_commands(c, partial);
    else if (command && (command->flags & COMMAND_ABOUT_COMMANDS) && count == 1)
        add_commands(c, partial);
    else if (command)
        complete_command(sh, command, count - 1, words + 1, partial, c);
}
