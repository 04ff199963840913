/* mailward-package: keys, signed packages of rules and models (package_build.c), and the manifest of a folder that is an update
 * server (package_manifest.c).
 *
 * Exit status: 0, 1 something could not be done or is not good, 2 usage.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/offline/package_key.h"
#include "daemon/offline/package_make.h"
#include "daemon/offline/whole_file.h"
#include "engine/base/text.h"
#include "engine/package/package.h"

/* ---- keygen ---- */

static bool keygen(const struct package_options *o, int count, char **args, struct error *error)
{
    (void)o, (void)count;
    return package_key_make(args[0], error);
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

static bool show(const struct package_options *o, int count, char **args, struct error *error)
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
    bool (*run)(const struct package_options *o, int count, char **args, struct error *error);
    bool many;               /* arguments; else one */
    bool key, keys, package; /* options that it needs */
    bool lists;              /* knows days, and may have keys */
} verbs[] = {
    {.word = "keygen", .run = keygen},
    {.word = "build", .run = package_build, .many = true, .key = true, .package = true},
    {.word = "list", .run = package_manifest, .key = true, .lists = true},
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
    struct package_options o = {0};
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
