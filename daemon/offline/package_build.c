/* `mailward-package build`: a signed package of its members. */
#include <inttypes.h>
#include <string.h>

#include "daemon/offline/package_key.h"
#include "daemon/offline/package_make.h"
#include "daemon/offline/whole_file.h"
#include "engine/base/clock.h"
#include "engine/package/package.h"

void package_put_time(struct buf *out, const char *word, int64_t moment)
{
    char text[PACKAGE_TIME_BYTES];
    package_time(moment, text);
    buf_printf(out, "%s %s\n", word, text);
}

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

static bool begin_package(const struct package_options *o, struct buf *head, struct error *error)
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
    uint64_t version, least = package_components[component].shipped_version + 1;
    if (!span_parse_u64(span_text(o->version), &version) || version < least || version > PACKAGE_VERSION_MAX)
        return error_set(error, "--version: a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'", least,
                         (uint64_t)PACKAGE_VERSION_MAX, o->version);
    buf_printf(head, "mailward-package 1\nname %s\nversion %" PRIu64 "\nformat %" PRIu64 "\n", o->name,
               version, package_components[component].format);
    package_put_time(head, "created", clock_wall_us());
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

bool package_build(const struct package_options *o, int count, char **args, struct error *error)
{
    struct buf head = {0}, contents = {0};
    struct package read;
    bool good = begin_package(o, &head, error);
    for (int i = 0; good && i < count; i++)
        good = add_member(&head, &contents, args[i], error);
    buf_append_char(&head, '\n');
    good = good && package_key_sign_by(o->key, &head, error);
    buf_append_span(&head, buf_span(&contents));
    good = good && package_read(buf_span(&head), &read, error) && has_own_members(&read, error) &&
           whole_file_write(o->out, buf_span(&head), error);
    buf_free(&head);
    buf_free(&contents);
    return good;
}
