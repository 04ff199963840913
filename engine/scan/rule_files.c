/* Rules from files and folders. */
#define _GNU_SOURCE /* O_CLOEXEC, scandir */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/scan/rule_set.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

static bool read_open_file(int fd, const char *path, struct buf *out, struct error *error)
{
    for (;;) {
        char *room = buf_reserve(out, 65536);
        ssize_t n = read(fd, room, 65536);
        if (n < 0)
            return error_set_errno(error, "%s", path);
        out->len += (size_t)n;
        if (out->len > FILE_MAX)
            return error_set(error, "%s: larger than %d MiB", path, FILE_MAX >> 20);
        if (n == 0)
            return true;
    }
}

static bool read_file(const char *path, struct arena *arena, struct scan_rule_file *file, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(error, "%s", path);
    struct buf content = {0};
    bool ok = read_open_file(fd, path, &content, error);
    close(fd);
    *file = (struct scan_rule_file){arena_text(arena, span_text(path)), arena_dup(arena, buf_span(&content))};
    buf_free(&content);
    return ok;
}

static int is_rule_file(const struct dirent *entry)
{
    struct span name = span_text(entry->d_name), end = SPAN(".rules");
    return entry->d_name[0] != '.' && name.n > end.n &&
           span_equal(span_slice(name, name.n - end.n, end.n), end);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_folder(const char *path, struct arena *arena, struct scan_rule_file **files, size_t *count,
                        struct error *error)
{
    struct dirent **entries;
    int found = scandir(path, &entries, is_rule_file, by_bytes);
    if (found < 0)
        return error_set_errno(error, "%s", path);
    bool ok = found > 0 || error_set(error, "%s: holds no file that ends in .rules", path);
    *files = arena_calloc(arena, (size_t)found + 1, sizeof **files);
    for (int i = 0; i < found; i++) {
        struct span name = arena_printf(arena, "%s/%s", path, entries[i]->d_name);
        ok = ok && read_file(arena_text(arena, name), arena, &(*files)[(*count)++], error);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool scan_rule_files_read(const char *path, struct arena *arena, struct scan_rule_file **files, size_t *count,
                          struct error *error)
{
    struct stat st;
    *count = 0;
    if (stat(path, &st) != 0)
        return error_set_errno(error, "%s", path);
    if (S_ISDIR(st.st_mode))
        return read_folder(path, arena, files, count, error);
    *files = arena_calloc(arena, 1, sizeof **files);
    *count = 1;
    return read_file(path, arena, *files, error);
}

static struct scan_rules *compile(const struct scan_rule_file *files, size_t count,
                                  struct scan_rule_complaints *complaints)
{
    struct rule_definitions definitions = {0};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < count; i++)
        rule_text_read(arena_text(arena, span_text(files[i].name)), arena_dup(arena, files[i].text),
                       &definitions, complaints);
    struct scan_rules *rules = scan_rules_compile(&definitions, arena, complaints);
    free(definitions.items);
    return rules;
}

struct scan_rules *scan_rules_load(const char *path, struct scan_rule_complaints *complaints,
                                   struct error *error)
{
    struct arena *arena = arena_new();
    struct scan_rule_file *files;
    size_t count;
    struct scan_rules *rules = NULL;
    if (scan_rule_files_read(path, arena, &files, &count, error)) {
        rules = compile(files, count, complaints);
        if (!rules)
            error_set(error, "%s: %u mistakes", path, complaints->count);
    }
    arena_free(arena);
    return rules;
}

struct scan_rules *scan_rules_parse(const char *file, struct span text,
                                    struct scan_rule_complaints *complaints)
{
    return compile(&(struct scan_rule_file){file, text}, 1, complaints);
}

static void keep_first(void *context, const char *file, unsigned line, unsigned column, const char *text)
{
    struct error *first = context;
    if (!first->text[0])
        error_set(first, "%s:%u:%u: %s", file, line, column, text);
}

struct scan_rules *scan_rules_open(const char *path, struct error *error)
{
    struct error first = {""};
    struct scan_rule_complaints complaints = {.tell = keep_first, .context = &first};
    struct scan_rules *rules = scan_rules_load(path, &complaints, error);
    if (!rules && first.text[0])
        *error = first;
    return rules;
}

struct scan_rules *scan_rule_files_compile(const struct scan_rule_file *files, size_t count,
                                           struct error *error)
{
    struct scan_rule_complaints complaints = {.tell = keep_first, .context = error};
    error->text[0] = '\0';
    return compile(files, count, &complaints);
}
