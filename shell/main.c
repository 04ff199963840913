/* mailward: the admin shell.  For now it runs the commands of -c; the interactive shell comes with the
 * configuration. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "config.h"
#include "shell/link.h"
#include "shell/words.h"

struct shell {
    const char *dir;
    struct link *link; /* opened by the first command that needs it */
};

static int usage(FILE *to)
{
    fprintf(to, "usage: mailward [--private DIR | --state DIR] -c 'COMMAND; ...'\n"
                "       'help' lists the commands; --version prints this program's version\n");
    return to == stdout ? API_DONE : API_USAGE;
}

void shell_print(struct shell *sh, const char *format, ...)
{
    (void)sh;
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

enum api_status shell_usage_error(struct shell *sh, const struct command *command)
{
    shell_print(sh, "Invalid arguments.  Usage: %s%s%s\n", command->name, command->usage[0] ? " " : "",
                command->usage);
    return API_USAGE;
}

static bool connected(struct shell *sh)
{
    struct error error;
    if (!sh->link)
        sh->link = link_open(sh->dir, &error);
    if (!sh->link)
        shell_print(sh, "%s\n", error.text);
    return sh->link != NULL;
}

enum api_status shell_call(struct shell *sh, json_t *request, json_t **result)
{
    struct error error;
    if (result)
        *result = NULL;
    if (!connected(sh)) {
        json_decref(request);
        return API_UNREACHABLE;
    }
    /* A daemon that hung up may have said why before: read on even when the request could not be sent. */
    (void)link_send(sh->link, request, &error);
    json_t *answer = link_receive(sh->link, &error);
    while (answer && !json_object_get(answer, "status")) {
        json_t *text = json_object_get(answer, "text");
        fwrite(json_string_value(text), 1, json_string_length(text), stdout);
        json_decref(answer);
        answer = link_receive(sh->link, &error);
    }
    if (!answer) {
        shell_print(sh, "%s\n", error.text);
        return API_UNREACHABLE;
    }
    enum api_status status = (enum api_status)json_integer_value(json_object_get(answer, "status"));
    const char *problem = json_string_value(json_object_get(answer, "error"));
    if (problem)
        shell_print(sh, "%s\n", problem);
    if (result)
        *result = json_incref(json_object_get(answer, "result"));
    json_decref(answer);
    return status;
}

static enum api_status run_command(struct shell *sh, const struct words *words)
{
    const struct command *command = command_find(words->word[0]);
    int args = words->count - 1;
    if (!command) {
        shell_print(sh, "Unknown command or missing feature key: %s\n", words->word[0]);
        return API_USAGE;
    }
    if (args < command->least_args || args > command->most_args)
        return shell_usage_error(sh, command);
    return command->run(sh, args, words->word + 1);
}

/* Stops at the first command that fails; its status is ours. */
static enum api_status run_line(struct shell *sh, const char *line)
{
    if (line[strspn(line, " \t")] == '#')
        return API_DONE; /* a comment */
    struct arena *arena = arena_new();
    enum api_status status = API_DONE;
    struct words words;
    struct error error;
    while (status == API_DONE && words_next(&line, arena, &words, &error))
        status = run_command(sh, &words);
    if (status == API_DONE && error.text[0]) {
        shell_print(sh, "%s\n", error.text);
        status = API_USAGE;
    }
    arena_free(arena);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"private", required_argument, NULL, 'p'},
        {"state", required_argument, NULL, 'p'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct shell sh = {.dir = SYSTEM_STATE_DIR};
    const char *line = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (c == 'p')
            sh.dir = optarg;
        else if (c == 'c' && !line)
            line = optarg;
        else if (c == 'h')
            return usage(stdout);
        else if (c == 'v')
            return puts(PACKAGE_STRING) < 0;
        else
            return usage(stderr);
    }
    if (!line || optind < argc)
        return usage(stderr);
    enum api_status status = run_line(&sh, line);
    if (sh.link)
        link_close(sh.link);
    if (fflush(stdout) != 0 && status == API_DONE)
        status = API_FAILED;
    return status;
}
