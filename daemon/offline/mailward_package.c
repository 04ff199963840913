/* mailward-package: keys, signed packages of rules and models, and the manifest of a folder that is an update server.
 *
 * Exit status: 0, 1 something could not be done or is not good, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long, scandir, O_CLOEXEC */
#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/offline/package_key.h"
#include "daemon/offline/whole_file.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/package/package.h"

enum { DAYS = 30, DAYS_MAX = 3650 }; /* for which a manifest is good */
#define DAY_US (86400 * INT64_C(1000000))

struct options {
    const char *key, *keys, *name, *version, *out, *days;
};

static void put_time(struct buf *out, const char *word, int64_t moment)
{
    char text[PACKAGE_TIME_BYTES];
    package_time(moment, text);
    buf_printf(out, "%s %s\n", word, text);
}

/* The blank line, and what key says to all of it. */
static bool sign(struct buf *text, const char *key_file, struct error *error)
{
    EVP_PKEY *key = package_key_read(key_file, error);
    if (!key)
        return false;
    buf_append_char(text, '\n');
    struct buf signature = {0};
    bool good = package_key_sign(key, buf_span(text), &signature, error);
    buf_append_span(text, buf_span(&signature));
    buf_free(&signature);
    EVP_PKEY_free(key);
    return good;
}

/* ---- keygen ---- */

static bool keygen(const struct options *o, int count, char **args, struct error *error)
{
    (void)o, (void)count;
    return package_key_make(args[0], error);
}

/* ---- build ---- */

static const char *last_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool add_member(struct buf *head, struct buf *contents, const char *path, struct error *error)
{
    struct buf content = {0};
    char hex[PACKAGE_SHA256_HEX + 1];
    bool good = whole_file_read(path, PACKAGE_BYTES_MAX, &content, error);
    if (good) {
        package_sha256(buf_span(&content), hex);
        buf_printf(head, "member %zu %s %s\n", content.len, hex, last_of(path));
        buf_append_span(contents, buf_span(&content));
    }
    buf_free(&content);
    return good;
}

static bool begin_package(const struct options *o, struct buf *head, struct error *error)
{
    int component = package_component_find(span_text(o->name));
    if (component < 0) {
        struct buf names = {0};
        for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
            buf_printf(&names, "%s%s", i ? ", " : "", package_components[i].name);
        error_set(error, "there is no package '%s'; names: %s", o->name, buf_text(&names));
        buf_free(&names);
        return false;
    }
    buf_printf(head, "mailward-package 1\nname %s\nversion %s\nformat %" PRIu64 "\n", o->name, o->version,
               package_components[component].format);
    put_time(head, "created", clock_wall_us());
    return true;
}

/* Rules of another component would be there twice on a gateway, which keeps those that it has. */
static bool has_own_members(const struct package *p, struct error *error)
{
    if (package_components[p->component].kind != PACKAGE_RULES)
        return true;
    for (size_t i = 0; i < p->member_count; i++) {
        struct span name = p->members[i].name;
        enum package_component right = package_component_of_rules(name);
        if (right != p->component)
            return error_set(error,
                             "%.*s belongs into a package %s, not %s: files graymail* and *.senders are "
                             "graymail's, all others anti-spam's",
                             (int)name.n, name.p, package_components[right].name,
                             package_components[p->component].name);
    }
    return true;
}

static bool build(const struct options *o, int count, char **args, struct error *error)
{
    struct buf head = {0}, contents = {0};
    struct package read;
    bool good = begin_package(o, &head, error);
    for (int i = 0; good && i < count; i++)
        good = add_member(&head, &contents, args[i], error);
    good = good && sign(&head, o->key, error);
    buf_append_span(&head, buf_span(&contents));
    good = good && package_read(buf_span(&head), &read, error) && has_own_members(&read, error) &&
           whole_file_write(o->out, buf_span(&head), error);
    buf_free(&head);
    buf_free(&contents);
    return good;
}

/* ---- list ---- */

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

static bool list(const struct options *o, int count, char **args, struct error *error)
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
        put_time(&text, "created", now);
        put_time(&text, "expires", now + days * DAY_US);
    }
    good = good && collect(args[0], trust, &text, error) && sign(&text, o->key, error) &&
           whole_file_write(path.data, buf_span(&text), error);
    trust_store_free(trust);
    buf_free(&path);
    buf_free(&text);
    return good;
}

/* ---- show ---- */

static bool show_read(const struct package *p, const struct trust_store *trust, struct error *error)
{
    const char *key = NULL;
    bool good = package_verify(p, trust, &key, error);
    struct buf text = {0};
    text_from_wire(&text, p->created, 32);
    printf("%s version %" PRIu64 ", format %" PRIu64 ", created %s, %s%s\n",
           package_components[p->component].name, p->version, p->format, buf_text(&text),
           good ? "signed by " : "not to be trusted", good ? key : "");
    for (size_t i = 0; i < p->member_count; i++)
        printf("%10zu %.*s\n", p->members[i].content.n, (int)p->members[i].name.n, p->members[i].name.p);
    buf_free(&text);
    return good;
}

static bool show(const struct options *o, int count, char **args, struct error *error)
{
    (void)count;
    struct buf content = {0};
    struct package package;
    struct error why;
    struct trust_store *trust = trust_store_load(o->keys, error);
    bool good = trust && whole_file_read(args[0], PACKAGE_BYTES_MAX, &content, error);
    if (good && (!package_read(buf_span(&content), &package, &why) || !show_read(&package, trust, &why)))
        good = error_set(error, "%s %s", args[0], why.text);
    trust_store_free(trust);
    buf_free(&content);
    return good;
}

/* ---- the command line ---- */

static const struct verb {
    const char *word;
    bool (*run)(const struct options *o, int count, char **args, struct error *error);
    bool many;               /* arguments; else one */
    bool key, keys, package; /* options that it needs */
    bool lists;              /* knows days, and may have keys */
} verbs[] = {
    {.word = "keygen", .run = keygen},
    {.word = "build", .run = build, .many = true, .key = true, .package = true},
    {.word = "list", .run = list, .key = true, .lists = true},
    {.word = "show", .run = show, .keys = true},
};

static int usage(FILE *out, int status)
{
    fputs("Usage: mailward-package keygen NAME\n"
          "       mailward-package build --key FILE --name NAME --version N --out FILE MEMBER...\n"
          "       mailward-package list --key FILE [--keys FOLDER] [--days N] FOLDER\n"
          "       mailward-package show --keys FOLDER FILE\n"
          "Make keys, packages of rules and models, and the manifest of an update server.\n\n"
          "  --key FILE     the private key to sign with\n"
          "  --keys FOLDER  the public keys that are trusted; for list, default: that of --key\n"
          "  --name NAME    what the package replaces, as antispam-rules\n"
          "  --version N    a number; gateways take only a higher one than they have\n"
          "  --out FILE     the package\n"
          "  --days N       how long gateways believe the manifest (30); make it anew before\n"
          "  --help\n",
          out);
    return status;
}

static const struct verb *verb_of(const char *word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].word, word) == 0)
            return &verbs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    const char **values[] = {&o.key, &o.keys, &o.name, &o.version, &o.out, &o.days};
    enum { VALUES = sizeof values / sizeof values[0], HELP = VALUES };
    static const struct option options[] = {
        {"key", required_argument, NULL, 0},  {"keys", required_argument, NULL, 1},
        {"name", required_argument, NULL, 2}, {"version", required_argument, NULL, 3},
        {"out", required_argument, NULL, 4},  {"days", required_argument, NULL, 5},
        {"help", no_argument, NULL, HELP},    {0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == HELP)
            return usage(stdout, 0);
        if (option >= VALUES)
            return usage(stderr, 2);
        *values[option] = optarg;
    }
    const struct verb *verb = optind < argc ? verb_of(argv[optind]) : NULL;
    int count = argc - optind - 1;
    if (!verb || count < 1 || (count > 1 && !verb->many) || verb->key != (o.key != NULL) ||
        (verb->keys != (o.keys != NULL) && !verb->lists) || verb->package != (o.name && o.version && o.out) ||
        (o.days && !verb->lists))
        return usage(stderr, 2);
    struct error error;
    if (verb->run(&o, count, argv + optind + 1, &error))
        return 0;
    fprintf(stderr, "mailward-package: %s\n", error.text);
    return 1;
}
