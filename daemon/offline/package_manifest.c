/* `mailward-package list`: the signed manifest of a folder that is an update server. */
#define _GNU_SOURCE /* scandir */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/offline/package_key.h"
#include "daemon/offline/package_make.h"
#include "daemon/offline/whole_file.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/package/package.h"

enum { DAYS = 30, DAYS_MAX = 3650 }; /* for which a manifest is good */
#define DAY_US (86400 * INT64_C(1000000))

static int is_package_file(const struct dirent *entry)
{
    struct span name = span_text(entry->d_name), end = SPAN(".package");
    return entry->d_name[0] != '.' && name.n > end.n &&
           span_equal(span_slice(name, name.n - end.n, end.n), end);
}

struct found {
    struct package package;
    struct buf line;
};

/* Reads the package, which must be one that gateways take; the newest of a name and format stays. */
static bool add_package(struct found *found, size_t *count, const struct trust_store *trust,
                        const char *folder, const char *file, struct error *error)
{
    struct buf path = {0}, content = {0};
    struct package p;
    struct error why;
    char hex[PACKAGE_SHA256_HEX + 1];
    size_t at = 0;
    buf_printf(&path, "%s/%s", folder, file);
    bool good = whole_file_read(buf_text(&path), PACKAGE_BYTES_MAX, &content, error);
    if (good && (!package_read(buf_span(&content), &p, &why) || !package_verify(&p, trust, NULL, &why)))
        good = error_set(error, "%s %s; no manifest was made", path.data, why.text);
    if (good) {
        while (at < *count &&
               (found[at].package.component != p.component || found[at].package.format != p.format))
            at++;
        good =
            at < PACKAGE_LIST_MAX || error_set(error, "%s: more than %d packages", folder, PACKAGE_LIST_MAX);
    }
    if (good && (at == *count || found[at].package.version < p.version)) {
        package_sha256(buf_span(&content), hex);
        buf_clear(&found[at].line);
        buf_printf(&found[at].line, "package %s %" PRIu64 " %" PRIu64 " %zu %s %s\n",
                   package_components[p.component].name, p.format, p.version, content.len, hex, file);
        found[at].package = p;
        *count += at == *count;
    }
    buf_free(&path);
    buf_free(&content);
    return good;
}

/* One more than the manifest that is there. */
static bool next_sequence(const char *path, uint64_t *sequence, struct error *error)
{
    struct buf content = {0};
    struct package_list list;
    struct error why;
    *sequence = 1;
    if (access(path, F_OK) != 0)
        return true;
    bool good = whole_file_read(path, PACKAGE_BYTES_MAX, &content, error);
    if (good && !package_list_read(buf_span(&content), &list, &why))
        good = error_set(error, "%s %s", path, why.text);
    if (good)
        *sequence = list.sequence + 1;
    buf_free(&content);
    return good;
}

static bool collect(const char *folder, const struct trust_store *trust, struct buf *text,
                    struct error *error)
{
    struct dirent **entries;
    int files = scandir(folder, &entries, is_package_file, alphasort);
    if (files < 0)
        return error_set_errno(error, "%s", folder);
    struct found *found = xcalloc(PACKAGE_LIST_MAX, sizeof *found);
    size_t count = 0;
    bool good = true;
    for (int i = 0; i < files; i++) {
        good = good && add_package(found, &count, trust, folder, entries[i]->d_name, error);
        free(entries[i]);
    }
    free(entries);
    good = good && (count > 0 || error_set(error, "%s: holds no file that ends in .package", folder));
    for (size_t i = 0; i < count; i++) {
        buf_append_span(text, buf_span(&found[i].line));
        buf_free(&found[i].line);
    }
    free(found);
    return good;
}

static bool read_days(const char *text, int64_t *days, struct error *error)
{
    uint64_t number = DAYS;
    if (text && (!span_parse_u64(span_text(text), &number) || number == 0 || number > DAYS_MAX))
        return error_set(error, "--days: a number from 1 to %d, not '%s'", DAYS_MAX, text);
    *days = (int64_t)number;
    return true;
}

bool package_manifest(const struct package_options *o, int count, char **args, struct error *error)
{
    (void)count;
    struct buf path = {0}, text = {0};
    uint64_t sequence;
    int64_t days = DAYS, now = clock_wall_us();
    struct trust_store *trust = NULL;
    buf_printf(&path, "%s/manifest", args[0]);
    bool good = read_days(o->days, &days, error) && next_sequence(buf_text(&path), &sequence, error);
    trust = !good ? NULL : o->keys ? trust_store_load(o->keys, error) : package_key_trust(o->key, error);
    good = trust != NULL;
    if (good) {
        buf_printf(&text, "mailward-updates 1\nsequence %" PRIu64 "\n", sequence);
        package_put_time(&text, "created", now);
        package_put_time(&text, "expires", now + days * DAY_US);
    }
    good = good && collect(args[0], trust, &text, error);
    buf_append_char(&text, '\n');
    good = good && package_key_sign_by(o->key, &text, error) &&
           whole_file_write(path.data, buf_span(&text), error);
    trust_store_free(trust);
    buf_free(&path);
    buf_free(&text);
    return good;
}
