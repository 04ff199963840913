/* Rules and known senders from files and folders. */
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

struct loading {
    struct arena *arena;
    struct rule_definitions definitions;
    struct known_senders *known;
    struct scan_rule_complaints *complaints;
    struct error *error;
};

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

static const struct span rules_end = SPAN(".rules"), senders_end = SPAN(".senders");

static bool ends_in(struct span name, struct span end)
{
    return name.n > end.n && span_equal(span_slice(name, name.n - end.n, end.n), end);
}

static void take_file(struct loading *l, const char *path, struct span content)
{
    const char *file = arena_text(l->arena, span_text(path));
    struct span text = arena_dup(l->arena, content);
    if (ends_in(span_text(path), senders_end))
        known_senders_read(&l->known, file, text, l->complaints);
    else
        rule_text_read(file, text, &l->definitions, l->complaints);
}

static bool load_file(struct loading *l, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set_errno(l->error, "%s", path);
    struct buf content = {0};
    bool ok = read_open_file(fd, path, &content, l->error);
    close(fd);
    if (ok)
        take_file(l, path, buf_span(&content));
    buf_free(&content);
    return ok;
}

static int is_rule_file(const struct dirent *entry)
{
    struct span name = span_text(entry->d_name);
    return entry->d_name[0] != '.' && (ends_in(name, rules_end) || ends_in(name, senders_end));
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool load_folder(struct loading *l, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_rule_file, by_bytes);
    if (count < 0)
        return error_set_errno(l->error, "%s", path);
    bool ok = count > 0 || error_set(l->error, "%s: holds no file that ends in .rules", path);
    for (int i = 0; i < count; i++) {
        struct span name = arena_printf(l->arena, "%s/%s", path, entries[i]->d_name);
        ok = ok && load_file(l, arena_text(l->arena, name));
        free(entries[i]);
    }
    free(entries);
    return ok;
}

struct scan_rules *scan_rules_load(const char *path, struct scan_rule_complaints *complaints,
                                   struct error *error)
{
    struct loading l = {.arena = arena_new(), .complaints = complaints, .error = error};
    struct stat st;
    bool ok = stat(path, &st) == 0 || error_set_errno(error, "%s", path);
    ok = ok && (S_ISDIR(st.st_mode) ? load_folder(&l, path) : load_file(&l, path));
    struct scan_rules *rules = NULL;
    if (ok)
        rules = scan_rules_compile(&l.definitions, l.arena, complaints);
    else
        arena_free(l.arena);
    known_senders_sort(l.known);
    if (rules)
        rules->known = l.known;
    else
        known_senders_free(l.known);
    free(l.definitions.items);
    if (ok && !rules)
        error_set(error, "%s: %u mistakes", path, complaints->count);
    return rules;
}

struct scan_rules *scan_rules_parse(const char *file, struct span text,
                                    struct scan_rule_complaints *complaints)
{
    struct rule_definitions definitions = {0};
    struct arena *arena = arena_new();
    rule_text_read(arena_text(arena, span_text(file)), arena_dup(arena, text), &definitions, complaints);
    struct scan_rules *rules = scan_rules_compile(&definitions, arena, complaints);
    free(definitions.items);
    return rules;
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
