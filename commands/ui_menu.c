/* Menus: dialogues that go on until somebody leaves them. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "commands/command.h"
#include "commands/levels.h"
#include "commands/ui_internal.h"
#include "engine/base/nearest.h"

enum { MENU_MAX = 32 };

/* The verbs that can be chosen. */
struct menu {
    const struct verb *verbs[MENU_MAX];
    size_t count;
};

static void add_verbs(struct menu *menu, const struct verb *verbs,
                      bool (*shown)(const struct verb *verb, void *context), void *context)
{
    for (const struct verb *v = verbs; v && v->word && menu->count < MENU_MAX; v++)
        if (v->dialogue && (!shown || shown(v, context)))
            menu->verbs[menu->count++] = v;
}

static void put_upper(struct buf *out, const char *word)
{
    for (; *word; word++)
        buf_append_char(out, (char)toupper((unsigned char)*word));
}

static void show_menu(struct shell *sh, const struct menu *menu)
{
    struct buf text = {0};
    buf_printf(&text, "\nChoose the operation you want to perform:\n");
    for (size_t i = 0; i < menu->count; i++) {
        buf_printf(&text, "- ");
        put_upper(&text, menu->verbs[i]->word);
        buf_printf(&text, " - %s\n", menu->verbs[i]->text);
    }
    ui_show(sh, &text);
    buf_free(&text);
}

/* The verb that word names or of which it is the only beginning, or NULL. */
static const struct verb *menu_find(const struct menu *menu, const char *word)
{
    const struct verb *found = NULL;
    unsigned count = 0;
    for (size_t i = 0; i < menu->count; i++) {
        const struct verb *v = menu->verbs[i];
        if (strcasecmp(v->word, word) == 0)
            return v;
        if (strncasecmp(v->word, word, strlen(word)) == 0) {
            found = v;
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

static bool explain_menu(struct shell *sh, const struct menu *menu, const char *word)
{
    if (ui_asks_for_help(sh, span_text(word)))
        return true;
    const char *words[MENU_MAX + 1] = {NULL};
    for (size_t i = 0; i < menu->count; i++)
        words[i] = menu->verbs[i]->word;
    const char *nearest = nearest_word(span_text(word), words);
    struct buf text = {0};
    buf_printf(&text, "'%s' is not one of these operations", word);
    if (nearest)
        buf_printf(&text, "; did you mean '%s'?", nearest);
    bool again = ui_explain(sh, buf_text(&text));
    buf_free(&text);
    return again;
}

/* Done with *chosen NULL: the answer is wrong. */
static enum ui_result ask_menu(struct shell *sh, const struct menu *menu, struct buf *word,
                               const struct verb **chosen)
{
    show_menu(sh, menu);
    if (!ui_read_word(sh, "[]> ", word))
        return UI_ABORT;
    if (!word->len)
        return UI_LEAVE;
    *chosen = menu_find(menu, word->data);
    return UI_DONE;
}

static enum ui_result choose(struct shell *sh, const struct menu *menu, const struct verb **chosen)
{
    struct buf word = {0};
    enum ui_result result;
    *chosen = NULL;
    do
        result = ask_menu(sh, menu, &word, chosen);
    while (result == UI_DONE && !*chosen && explain_menu(sh, menu, word.data));
    buf_free(&word);
    return result == UI_DONE && !*chosen ? UI_ABORT : result;
}

/* What ends a dialogue instead of showing its menu again: on a terminal only what makes going on pointless. */
static bool ends_dialogue(struct shell *sh, enum api_status status)
{
    if (status == API_INTERRUPTED || status == API_UNREACHABLE)
        return true;
    return status != API_DONE && !shell_is_interactive(sh);
}

static enum api_status run_menu(struct shell *sh, const struct ui_dialogue *dialogue, void *context,
                                const struct verb *more)
{
    for (;;) {
        struct menu menu = {.count = 0};
        enum api_status status = API_DONE;
        if (dialogue->header && shell_is_interactive(sh))
            status = dialogue->header(sh, context);
        if (status != API_DONE)
            return status;
        const struct verb *verb;
        /* what is shown depends on the state; without a terminal every verb is taken and fails by itself (R6) */
        add_verbs(&menu, dialogue->verbs, shell_is_interactive(sh) ? dialogue->shown : NULL, context);
        add_verbs(&menu, more, NULL, NULL);
        enum ui_result result = choose(sh, &menu, &verb);
        if (result != UI_DONE)
            return ui_status(sh, result);
        status = verb->dialogue(sh, context);
        if (ends_dialogue(sh, status))
            return status;
    }
}

enum api_status ui_run(struct shell *sh, const struct ui_dialogue *dialogue, void *context)
{
    static unsigned depth; /* menus below menus */
    const struct verb *more = depth == 0 ? level_menu(sh) : NULL;
    depth++;
    enum api_status status = run_menu(sh, dialogue, context, more);
    depth--;
    return status;
}
