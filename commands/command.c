/* From the words of a line to the command and its verb. */
#include "commands/command.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "commands/levels.h"
#include "engine/base/nearest.h"

static bool has_name(const struct command *command, const char *name)
{
    if (strcasecmp(command->name, name) == 0)
        return true;
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        if (strcasecmp(*alias, name) == 0)
            return true;
    return false;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_table[i]; i++)
        if (has_name(command_table[i], name))
            return command_table[i];
    return NULL;
}

static const struct verb *verb_find(const struct verb *verbs, const char *word)
{
    for (const struct verb *v = verbs; v && v->word; v++)
        if (strcasecmp(v->word, word) == 0)
            return v;
    return NULL;
}

/* ---- what is wrong ---- */

struct nearest {
    const char *word; /* NULL: none is near */
    size_t distance;
};

static void consider(struct nearest *best, const char *typed, const char *known)
{
    size_t distance = nearest_distance(span_text(typed), span_text(known));
    if (distance < (best->word ? best->distance : SIZE_MAX))
        *best = (struct nearest){known, distance};
}

enum api_status command_unknown(struct shell *sh, const char *name)
{
    if (strcasecmp(name, "batch") == 0)
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS,
                          "'batch' is only possible as the first command of a batch");
    if (name[0] == '#')
        return shell_fail(sh, API_ERROR_UNKNOWN_COMMAND, "%s\nA comment stands on a line of its own.", name);
    struct nearest nearest = {0};
    for (size_t i = 0; command_table[i]; i++)
        consider(&nearest, name, command_table[i]->name);
    /* clients look for the first line as it is; the hint has a line of its own */
    return nearest.word
               ? shell_fail(sh, API_ERROR_UNKNOWN_COMMAND, "%s\nDid you mean '%s'?", name, nearest.word)
               : shell_fail(sh, API_ERROR_UNKNOWN_COMMAND, "%s", name);
}

static void put_valid(struct buf *out, const struct verb *verbs)
{
    buf_printf(out, "\nValid words: ");
    for (const struct verb *v = verbs; v && v->word; v++)
        buf_printf(out, "%s%s", v == verbs ? "" : ", ", v->word);
}

static enum api_status missing_verb(struct shell *sh, const struct verb *verbs, const char *behind)
{
    struct buf valid = {0};
    put_valid(&valid, verbs);
    enum api_status status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "a word is missing behind '%s'%s",
                                        behind, buf_text(&valid));
    buf_free(&valid);
    return status;
}

static enum api_status unknown_verb(struct shell *sh, const struct verb *verbs, const char *word)
{
    struct nearest nearest = {0};
    struct buf text = {0};
    for (const struct verb *v = verbs; v && v->word; v++)
        consider(&nearest, word, v->word);
    if (nearest.word)
        buf_printf(&text, "; did you mean '%s'?", nearest.word);
    put_valid(&text, verbs);
    enum api_status status =
        shell_fail(sh, API_ERROR_UNKNOWN_WORD, "'%s' is not known here%s", word, buf_text(&text));
    buf_free(&text);
    return status;
}

enum api_status command_usage_error(struct shell *sh, const struct command *command, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    buf_printf(&text, "\nUsage:\n");
    command_usage(command, &text);
    text.len--; /* the last newline */
    enum api_status status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "%s", buf_text(&text));
    buf_free(&text);
    return status;
}

static enum api_status check_count(struct shell *sh, const struct command *command, int count, char **words,
                                   int least, int most)
{
    if (count < least)
        return command_usage_error(sh, command, "words are missing");
    if (count <= most)
        return API_DONE;
    if (words[most][0] == '#' && !shell_is_quoted(sh, words[most]))
        return command_usage_error(sh, command, "a comment stands on a line of its own: '%s'", words[most]);
    return command_usage_error(sh, command, "'%s' is one word too many", words[most]);
}

/* ---- running ---- */

static enum api_status call_verb(struct shell *sh, const struct call *call)
{
    const struct verb *verb = call->path[call->depth - 1];
    enum api_status status = API_DONE;
    if (!verb->batch)
        status = call->arg_count ? unknown_verb(sh, verb->verbs, call->args[0])
                                 : missing_verb(sh, verb->verbs, verb->word);
    else if (!verb->form) /* a form counts for itself */
        status =
            check_count(sh, call->command, call->arg_count, call->args, verb->least_args, verb->most_args);
    return status == API_DONE ? verb->batch(sh, call) : status;
}

/* The verbs that the line may begin with; unknown words are told those of the command. */
static const struct verb *first_verbs(const struct command *command, const char *word)
{
    bool is_level = !verb_find(command->verbs, word) && command_tables(command);
    return is_level ? level_verbs : command->verbs;
}

/* Goes down the tree as far as the words are verbs. */
static enum api_status run_verbs(struct shell *sh, const struct command *command, int count, char **words)
{
    struct call call = {.command = command};
    const struct verb *verbs = count ? first_verbs(command, words[0]) : NULL, *verb;
    int i = 0;
    while (i < count && call.depth < CALL_DEPTH_MAX && (verb = verb_find(verbs, words[i]))) {
        i++;
        if (verb->object && i == count)
            return command_usage_error(sh, command, "%s is missing behind '%s'", verb->object, verb->word);
        call.path[call.depth] = verb;
        call.object[call.depth++] = verb->object ? words[i++] : NULL;
        verbs = verb->verbs;
    }
    if (!call.depth)
        return count ? unknown_verb(sh, command->verbs, words[0])
                     : missing_verb(sh, command->verbs, command->name);
    call.arg_count = count - i;
    call.args = words + i;
    return call_verb(sh, &call);
}

enum api_status command_run(struct shell *sh, int word_count, char **words)
{
    const struct command *command = command_find(words[0]);
    int count = word_count - 1;
    if (!command)
        return command_unknown(sh, words[0]);
    if (count == 1 && strcmp(words[1], "--help") == 0 && !shell_is_quoted(sh, words[1]))
        return command_run(sh, 2, (char *[]){(char *)"help", words[0]});
    enum ui_result result = level_begin(sh, command, count, words + 1);
    if (result != UI_DONE)
        return ui_status(sh, result);
    if (!count && command->dialogue)
        return command->dialogue(sh);
    if (!command->run)
        return run_verbs(sh, command, count, words + 1);
    /* where any word may come, one in quotes is no verb (R8) */
    if (count && verb_find(first_verbs(command, words[1]), words[1]) && !shell_is_quoted(sh, words[1]))
        return run_verbs(sh, command, count, words + 1);
    enum api_status status =
        check_count(sh, command, count, words + 1, command->least_args, command->most_args);
    return status == API_DONE ? command->run(sh, count, words + 1) : status;
}
