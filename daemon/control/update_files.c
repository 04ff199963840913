/* Files of the folder updates/. */
#define _GNU_SOURCE /* O_CLOEXEC, futimens, scandir */
#include "daemon/control/update_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/trusted_keys.h"
#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"

static const char folder[] = "updates", manifest_file[] = "manifest", attempt_file[] = "attempt";
enum { PATH_BYTES = 320, KEY_DIGITS = 16 };

static struct installed {
    struct buf file;
    uint64_t version;
    int64_t time;
    struct error unused; /* why the file that is there does not count; "": it does, or there is none */
} installed[PACKAGE_COMPONENT_COUNT];

/* Of each key: who goes from one to another and back must not open the way for its old manifests. */
static struct accepted {
    const char *key; /* the trust store's */
    uint64_t sequence;
} accepted[TRUST_KEYS_MAX];
static size_t accepted_count;
static int64_t attempted;

static const char *path_of(const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static const char *name_of(enum package_component component, char name[PATH_BYTES])
{
    snprintf(name, PATH_BYTES, "%s.package", package_components[component].name);
    return name;
}

/* ---- reading ---- */

static bool read_all(int fd, struct buf *out, int64_t *time, struct error *error)
{
    struct stat st;
    ssize_t got = 1;
    while (got > 0 && out->len <= PACKAGE_BYTES_MAX) {
        got = read(fd, buf_reserve(out, 65536), 65536);
        out->len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || fstat(fd, &st) != 0)
        return error_set_errno(error, "cannot be read");
    *time = st.st_mtim.tv_sec * INT64_C(1000000) + st.st_mtim.tv_nsec / 1000;
    return got == 0 || error_set(error, "is larger than %d bytes", PACKAGE_BYTES_MAX);
}

/* The whole file, or nothing and why; the text is empty when there is none. */
static bool read_file(const char *name, struct buf *out, int64_t *time, struct error *error)
{
    char path[PATH_BYTES];
    int fd = open(path_of(name, path), O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 ? read_all(fd, out, time, error) : error_set_errno(error, "cannot be opened");
    if (fd < 0 && errno == ENOENT)
        error->text[0] = '\0';
    if (fd >= 0)
        close(fd);
    if (!good)
        buf_free(out);
    return good;
}

static bool load_package(enum package_component component, struct installed *place, struct error *error)
{
    struct package p;
    const struct package_component_row *row = &package_components[component];
    if (!package_read(buf_span(&place->file), &p, error) || !package_verify(&p, trusted_keys(), NULL, error))
        return false;
    if (p.component != component || p.format != row->format)
        return error_set(error, "is not of the format that this program reads");
    place->version = p.version;
    return p.version > row->shipped_version ||
           error_set(error, "is not newer than what came with the program");
}

static void load(enum package_component component)
{
    struct installed *place = &installed[component];
    char name[PATH_BYTES];
    struct error error;
    buf_clear(&place->file);
    if (read_file(name_of(component, name), &place->file, &place->time, &error) &&
        load_package(component, place, &error))
        return;
    buf_free(&place->file);
    *place = (struct installed){.version = package_components[component].shipped_version};
    if (!error.text[0])
        return;
    LOG(UPDATE_UNUSED, LOG_T(name), LOG_T(error.text));
    error_set(&place->unused, "the installed %s is not used: it %s", name, error.text);
}

static struct accepted *accepted_of(const char *key)
{
    size_t at = 0;
    while (at < accepted_count && strcmp(accepted[at].key, key) != 0)
        at++;
    if (at == accepted_count)
        accepted[accepted_count++] = (struct accepted){.key = key};
    return &accepted[at];
}

/* Counts for the key that signed it, whatever the file is called: keys may be renamed. */
static void load_manifest(const char *name)
{
    struct buf file = {0};
    struct package_list list;
    struct error error;
    const char *key;
    int64_t time;
    if (read_file(name, &file, &time, &error) && package_list_read(buf_span(&file), &list, &error) &&
        signed_text_verify(&list.text, trusted_keys(), &key, &error)) {
        struct accepted *a = accepted_of(key);
        a->sequence = list.sequence > a->sequence ? list.sequence : a->sequence;
    } else if (error.text[0]) {
        LOG(UPDATE_MANIFEST_UNUSED, LOG_T(name), LOG_T(error.text));
    }
    buf_free(&file);
}

static int is_manifest(const struct dirent *entry)
{
    return strncmp(entry->d_name, manifest_file, strlen(manifest_file)) == 0 &&
           !strstr(entry->d_name, ".new");
}

static void load_manifests(void)
{
    struct dirent **entries;
    accepted_count = 0;
    int count = scandir(folder, &entries, is_manifest, alphasort);
    for (int i = 0; i < count; i++) {
        load_manifest(entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

void update_files_start(void)
{
    struct buf nothing = {0};
    struct error error;
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        load((enum package_component)i);
    load_manifests();
    read_file(attempt_file, &nothing, &attempted, &error);
    buf_free(&nothing);
}

struct update_file update_files_get(enum package_component component)
{
    const struct installed *i = &installed[component];
    return (struct update_file){buf_span(&i->file), i->version, i->time, i->unused.text};
}

bool update_files_wants(enum package_component component, uint64_t version, uint64_t format, bool again,
                        struct error *error)
{
    uint64_t present = installed[component].version;
    if (format != package_components[component].format)
        return error_set(error, "is of format %llu, this program reads %llu", (unsigned long long)format,
                         (unsigned long long)package_components[component].format);
    if (version < present)
        return error_set(error, "is rolled back to version %llu from %llu", (unsigned long long)version,
                         (unsigned long long)present);
    return version > present || (again && installed[component].file.len) ||
           error_set(error, "is there already");
}

/* ---- writing ---- */

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0)
            return false;
        bytes = span_slice(bytes, (size_t)n, bytes.n);
    }
    return true;
}

/* what: a word for the points at which tests stop it. */
static void pass_point(const char *what, const char *moment)
{
    char point[64];
    snprintf(point, sizeof point, "control.%s-%s", what, moment);
    failpoint(point);
}

/* The time of the file is that of our clock, which tests move. */
static bool write_new(const char *path, const char *what, struct span content, int64_t now)
{
    const struct timespec moment = {now / 1000000, now % 1000000 * 1000}, times[2] = {moment, moment};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    pass_point(what, "begun");
    bool good = fd >= 0 && write_all(fd, content) && futimens(fd, times) == 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return good;
}

static bool sync_folder(void)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool replace_file(const char *name, const char *what, struct span content, int64_t now,
                         struct error *error)
{
    char path[PATH_BYTES], other[PATH_BYTES + sizeof ".new"];
    snprintf(other, sizeof other, "%s.new", path_of(name, path));
    bool good = write_new(other, what, content, now);
    pass_point(what, "written");
    good = good && rename(other, path) == 0;
    pass_point(what, "renamed");
    return (good && sync_folder()) || error_set_errno(error, "%s", path);
}

bool update_files_install(enum package_component component, uint64_t version, struct span file,
                          struct error *error)
{
    struct installed *place = &installed[component];
    char name[PATH_BYTES];
    int64_t now = clock_wall_us();
    if (!replace_file(name_of(component, name), "package", file, now, error))
        return false;
    buf_clear(&place->file);
    buf_append_span(&place->file, file);
    place->version = version;
    place->time = now;
    place->unused.text[0] = '\0';
    return true;
}

uint64_t update_files_sequence(const char *key)
{
    return accepted_of(key)->sequence;
}

bool update_files_accept(const struct package_list *list, const char *key, struct span file,
                         struct error *error)
{
    struct accepted *a = accepted_of(key);
    char digest[PACKAGE_SHA256_HEX + 1], name[PATH_BYTES];
    if (list->sequence == a->sequence)
        return true;
    package_sha256(span_text(key), digest); /* its own name may hold anything */
    snprintf(name, sizeof name, "%s-%.*s", manifest_file, KEY_DIGITS, digest);
    if (!replace_file(name, "manifest", file, clock_wall_us(), error))
        return false;
    a->sequence = list->sequence;
    return true;
}

void update_files_keep(const char *name, struct span content)
{
    struct error error;
    replace_file(name, name, content, clock_wall_us(), &error);
}

void update_files_recall(const char *name, struct buf *content)
{
    int64_t time;
    struct error error;
    read_file(name, content, &time, &error);
}

int64_t update_files_attempted(void)
{
    return attempted;
}

/* Nothing is lost with it, so it is not synced. */
void update_files_attempt(int64_t now)
{
    char path[PATH_BYTES];
    const struct timespec moment = {now / 1000000, now % 1000000 * 1000}, times[2] = {moment, moment};
    attempted = now;
    int fd = open(path_of(attempt_file, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return;
    futimens(fd, times);
    close(fd);
}
