/* Feature keys that somebody put into the folder configuration: files that end in .featurekey, a line each. */
#define _GNU_SOURCE /* openat, O_NOFOLLOW */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/feature_keys.h"
#include "daemon/control/files.h"
#include "daemon/control/head.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { HOUR = 3600, FILES_MOST = 100 };

static const struct span END = {".featurekey", 11};

static bool is_on(unsigned field)
{
    const struct config_table *table = config_resolve(head_tree(), head_place(), SCHEMA_FEATUREKEY, NULL);
    return schema_row_number(config_table_single(table), field) != 0;
}

static bool is_key_file(const char *name)
{
    struct span text = span_text(name);
    return name[0] != '.' && text.n > END.n && text.n <= FILE_NAME_MAX &&
           span_equal(span_slice(text, text.n - END.n, END.n), END);
}

/* The line of a file; false when it is not one of a sensible size. */
static bool read_file(int folder, const char *name, struct buf *line)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool good =
        fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= 2 * FEATURE_KEY_TEXT_MAX;
    ssize_t size =
        good ? read(fd, buf_reserve(line, 2 * FEATURE_KEY_TEXT_MAX), 2 * FEATURE_KEY_TEXT_MAX) : -1;
    if (fd >= 0)
        close(fd);
    if (size < 0)
        return false;
    line->len += (size_t)size;
    feature_key_clean(line);
    return true;
}

static void take_file(int folder, const char *name, json_t *found)
{
    struct feature_key terms;
    struct error error;
    struct buf line = {0}, shown = {0};
    const char *feature = terms.feature;
    bool is_new, activate = is_on(FEATUREKEY_AUTOACTIVATE);
    text_from_wire(&shown, span_text(name), FILE_NAME_MAX);
    bool readable = read_file(folder, name, &line);
    if (!readable)
        error_set(&error, "it cannot be read, or is no feature key");
    if (!readable || !feature_keys_has(buf_span(&line))) {
        bool good = readable && (activate ? feature_keys_activate(buf_span(&line), "autoactivate", &feature,
                                                                  &is_new, &error)
                                          : feature_keys_read(buf_span(&line), &terms, &error));
        if (!good)
            LOG(FEATURE_UNUSABLE, LOG_T(buf_text(&shown)), LOG_T(error.text));
        else if (!activate)
            LOG(FEATURE_FOUND, LOG_T(feature), LOG_T(buf_text(&shown)));
        if (good)
            json_array_append_new(found, json_pack("{s:s,s:s,s:b}", "file", buf_text(&shown), "feature",
                                                   feature, "activated", (int)activate));
    }
    buf_free(&line);
    buf_free(&shown);
}

json_t *feature_files_look(void)
{
    json_t *found = json_array();
    DIR *folder = opendir("configuration");
    const struct dirent *entry;
    unsigned files = 0;
    while (folder && files < FILES_MOST && (entry = readdir(folder)))
        if (is_key_file(entry->d_name)) {
            take_file(dirfd(folder), entry->d_name, found);
            files++;
        }
    if (folder)
        closedir(folder);
    return found;
}

void feature_files_tick(void)
{
    static int64_t looked; /* monotonic; 0: never yet */
    int64_t now = clock_mono_us();
    if (!is_on(FEATUREKEY_AUTOCHECK) || (looked && now - looked < HOUR * INT64_C(1000000)))
        return;
    looked = now;
    json_decref(feature_files_look());
}
