/* Labels of revisions, over the store. */
#include "daemon/control/labels.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/control/store_config.h"
#include "daemon/control/tidy.h"
#include "daemon/log_lines.h"

enum { LABELS_MOST = 50, NAME_MOST = 32 };

static struct store_config *store;

void labels_open(struct store_config *config_db)
{
    store = config_db;
}

bool label_check_name(const char *name, struct error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                      others[] = "0123456789._-";
    static const char *const reserved[] = {"candidate", "running", "list", "preview",
                                           "label",     "unlabel", "log"};
    size_t length = 0;
    while (name[length] && (strchr(letters, name[length]) || (length && strchr(others, name[length]))))
        length++;
    if (length == 0 || length > NAME_MOST || name[length])
        return error_set(
            error,
            "'%.64s' is not a label: 1 to %d letters, digits, '.', '_' and '-', beginning with a letter",
            name, NAME_MOST);
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcasecmp(reserved[i], name) == 0)
            return error_set(error, "'%s' means something else where a revision is asked for", name);
    return true;
}

/* One statement in a transaction of its own. */
static bool end_write(bool good, struct error *error)
{
    if (good && store_config_commit(store, error) == STORE_CONFIG_DONE)
        return true;
    store_config_rollback(store);
    return false;
}

bool label_set(const char *name, uint64_t revision, struct error *error)
{
    json_t *all = labels_json();
    bool full = !json_object_get(all, name) && json_object_size(all) >= LABELS_MOST;
    json_decref(all);
    if (full)
        return error_set(error, "there are %d labels already: remove one that is not needed", LABELS_MOST);
    if (!store_config_begin(store, error))
        return false;
    bool good = end_write(store_config_set_label(store, name, revision, error), error);
    tidy_keeps_more();
    return good;
}

bool label_remove(const char *name, struct error *error)
{
    return store_config_begin(store, error) && end_write(store_config_drop_label(store, name, error), error);
}

bool label_find(const char *name, uint64_t *revision, struct error *error)
{
    return store_config_find_label(store, name, revision, error);
}

/* A name that nobody can have given came with a restored config.db; it is for no terminal. */
static void add_label(struct span name, uint64_t revision, void *context)
{
    struct error ignored;
    char text[NAME_MOST + 2];
    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    if (label_check_name(text, &ignored))
        json_object_set_new(context, text, json_integer((json_int_t)revision));
}

json_t *labels_json(void)
{
    struct error why;
    json_t *labels = json_object();
    if (!store_config_each_label(store, add_label, labels, &why))
        LOG(CONFIG_STORE_ERROR, LOG_T(why.text));
    return labels;
}
