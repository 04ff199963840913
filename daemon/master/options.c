/* The options of mailwardd, from options.def. */
#include "daemon/master/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "daemon/master/manual.h"
#include "daemon/master/sockets.h"
#include "engine/base/xalloc.h"

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, name, argument, help) {name, argument, help},
#include "daemon/master/options.def"
#undef OPTION
};

static void put_version(struct buf *out)
{
    buf_printf(out, PACKAGE_STRING "\n");
}

static enum options_result show(void (*put)(struct buf *out))
{
    struct buf text = {0};
    put(&text);
    fputs(buf_text(&text), stdout);
    buf_free(&text);
    return fflush(stdout) == 0 ? OPTIONS_TOLD : OPTIONS_WRONG;
}

static bool set_pair(struct settings *s, const char *pair, struct error *error)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        return error_set(error, "--set takes NAME=VALUE, not '%s'", pair);
    char *name = xmemdup0(pair, (size_t)(equals - pair));
    bool good = settings_set(s, name, equals + 1, error);
    free(name);
    return good;
}

static bool private_presets(struct settings *s, struct error *error)
{
    return settings_set(s, "smtp.listen", "127.0.0.1:0", error) &&
           settings_set(s, "route", "maildir:maildir", error);
}

static bool take(struct options *o, enum option_id id, const char *value, struct error *error)
{
    switch (id) {
    case OPTION_PRIVATE:
    case OPTION_STATE:
        if (o->dir)
            return error_set(error, "--private and --state name one folder, once");
        o->dir = value;
        o->is_private = id == OPTION_PRIVATE;
        return !o->is_private || private_presets(&o->settings, error);
    case OPTION_FOREGROUND:
        o->foreground = true;
        return true;
    case OPTION_STOP:
    case OPTION_CHECK:
    case OPTION_BACKUP:
    case OPTION_RESTORE:
        if (o->action)
            return error_set(error, "--stop, --check, --backup and --restore exclude each other");
        o->action = (int)id;
        o->file = value;
        return true;
    case OPTION_HOLD:
        o->hold = true;
        return true;
    case OPTION_ROUTE:
        return settings_set(&o->settings, "route", value, error);
    case OPTION_SET:
        return set_pair(&o->settings, value, error);
    default:
        return true;
    }
}

static enum options_result answer(enum option_id id, const char *value)
{
    if (id == OPTION_VERSION)
        return show(put_version);
    if (id == OPTION_HELP)
        return show(manual_usage);
    if (strcmp(value, "man") == 0)
        return show(manual_page);
    fprintf(stderr, "mailwardd: --describe takes 'man', not '%s'\n", value);
    return OPTIONS_WRONG;
}

static bool names_folder(int id)
{
    return id == OPTION_PRIVATE || id == OPTION_STATE;
}

/* Two passes, so that the presets of a private instance never overwrite an option that stood before it. */
static enum options_result read_all(struct options *o, int argc, char **argv, struct error *error)
{
    struct option names[OPTION_COUNT + 1] = {{0}};
    for (int id = 0; id < OPTION_COUNT; id++)
        names[id] = (struct option){option_rows[id].name,
                                    option_rows[id].argument ? required_argument : no_argument, NULL, id};
    for (int pass = 0; pass < 2; pass++) {
        int id;
        optind = 1;
        opterr = pass == 0;
        while ((id = getopt_long(argc, argv, "", names, NULL)) != -1) {
            if (id == '?') {
                error_set(error, "see --help");
                return OPTIONS_WRONG;
            }
            if (id == OPTION_VERSION || id == OPTION_HELP || id == OPTION_DESCRIBE)
                return answer(id, optarg);
            if (names_folder(id) == (pass == 0) && !take(o, id, optarg, error))
                return OPTIONS_WRONG;
        }
    }
    return OPTIONS_RUN;
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
    struct error error = {{0}};
    *o = (struct options){0};
    settings_init(&o->settings);
    enum options_result result = read_all(o, argc, argv, &error);
    if (!o->dir)
        o->dir = SYSTEM_STATE_DIR;
    if (result == OPTIONS_RUN) {
        bool good = true;
        if (optind < argc)
            good = error_set(&error, "there are no arguments without an option; see --help");
        else if (o->dir[0] == '\0')
            good = error_set(&error, "the name of the state folder is empty");
        else if (o->hold && o->action != OPTION_RESTORE)
            good = error_set(&error, "--hold goes with --restore");
        good = good && settings_check(&o->settings, &error) && sockets_check(&o->settings, &error);
        result = good ? OPTIONS_RUN : OPTIONS_WRONG;
    }
    if (result == OPTIONS_WRONG && error.text[0])
        fprintf(stderr, "mailwardd: %s\n", error.text);
    return result;
}
