/* Reading packages and lists.  Strict: what is not exactly so is refused, and the reason named. */
#define _GNU_SOURCE /* gmtime_r */
#include "engine/package/package.h"

#include <string.h>
#include <time.h>

#include "engine/scan/features.h"
#include "engine/scan/rules.h"

const struct package_component_row package_components[PACKAGE_COMPONENT_COUNT] = {
#define COMPONENT(id, name, engine, kind, format, shipped, title)                                            \
    [PACKAGE_##id] = {name, PACKAGE_##engine, PACKAGE_##kind, format, shipped, title},
#include "engine/package/components.def"
#undef COMPONENT
};

int package_component_find(struct span name)
{
    for (int i = 0; i < PACKAGE_COMPONENT_COUNT; i++)
        if (span_equal(span_text(package_components[i].name), name))
            return i;
    return -1;
}

static bool parse_number(struct span text, uint64_t least, uint64_t most, uint64_t *number)
{
    return span_parse_u64(text, number) && *number >= least && *number <= most;
}

static bool is_sha256(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\0' || !strchr("0123456789abcdef", text.p[i]))
            return false;
    return text.n == PACKAGE_SHA256_HEX;
}

/* 2026-11-22T06:30:00Z: of two, the later one is the greater text. */
static bool is_time(struct span text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    for (size_t i = 0; i < text.n && i < sizeof form - 1; i++)
        if (form[i] == 'd' ? text.p[i] < '0' || text.p[i] > '9' : text.p[i] != form[i])
            return false;
    return text.n == sizeof form - 1;
}

/* ---- lines: each form reads its words; false when they are not right ---- */

struct reading {
    struct package *package;
    struct package_list *list;
    struct span contents; /* of the members that have not come yet */
};

static bool read_name(struct reading *r, const struct span *words)
{
    int component = package_component_find(words[1]);
    r->package->component = (enum package_component)component;
    return component >= 0;
}

static bool read_version(struct reading *r, const struct span *words)
{
    return parse_number(words[1], 1, PACKAGE_VERSION_MAX, &r->package->version);
}

static bool read_format(struct reading *r, const struct span *words)
{
    return parse_number(words[1], 1, UINT32_MAX, &r->package->format);
}

static bool read_created(struct reading *r, const struct span *words)
{
    *(r->package ? &r->package->created : &r->list->created) = words[1];
    return is_time(words[1]);
}

static bool read_expires(struct reading *r, const struct span *words)
{
    r->list->expires = words[1];
    return is_time(words[1]);
}

static bool read_member(struct reading *r, const struct span *words)
{
    uint64_t size;
    if (r->package->member_count == PACKAGE_MEMBERS_MAX || !is_sha256(words[2]) ||
        !signed_text_is_name(words[3]) || !parse_number(words[1], 0, r->contents.n, &size))
        return false;
    for (size_t i = 0; i < r->package->member_count; i++)
        if (span_equal(r->package->members[i].name, words[3]))
            return false;
    r->package->members[r->package->member_count++] = (struct package_member){
        .name = words[3], .sha256 = words[2], .content = span_slice(r->contents, 0, (size_t)size)};
    r->contents = span_slice(r->contents, (size_t)size, r->contents.n);
    return true;
}

static bool read_sequence(struct reading *r, const struct span *words)
{
    return parse_number(words[1], 1, PACKAGE_VERSION_MAX, &r->list->sequence);
}

static bool read_offer(struct reading *r, const struct span *words)
{
    if (r->list->count == PACKAGE_LIST_MAX)
        return false;
    struct package_offer offer = {.name = words[1], .sha256 = words[5], .file = words[6]};
    if (!signed_text_is_name(offer.name) || !parse_number(words[2], 1, UINT32_MAX, &offer.format) ||
        !parse_number(words[3], 1, PACKAGE_VERSION_MAX, &offer.version) ||
        !parse_number(words[4], 1, PACKAGE_BYTES_MAX, &offer.size) || !is_sha256(offer.sha256) ||
        !signed_text_is_name(offer.file))
        return false;
    for (size_t i = 0; i < r->list->count; i++)
        if (r->list->offers[i].format == offer.format && span_equal(r->list->offers[i].name, offer.name))
            return false;
    r->list->offers[r->list->count++] = offer;
    return true;
}

/* The lines in their order: each but the last once, the last any number of times. */
struct form {
    const char *word;
    size_t words;
    bool (*read)(struct reading *r, const struct span *words);
};

static const struct form package_form[] = {
    {"name", 2, read_name},       {"version", 2, read_version}, {"format", 2, read_format},
    {"created", 2, read_created}, {"member", 4, read_member},
};
static const struct form list_form[] = {
    {"sequence", 2, read_sequence},
    {"created", 2, read_created},
    {"expires", 2, read_expires},
    {"package", 7, read_offer},
};

static bool read_lines(struct reading *r, struct span lines, const struct form *forms, size_t count,
                       struct error *error)
{
    size_t at = 0;
    for (unsigned number = 2; lines.n; number++) {
        struct span words[SIGNED_WORDS_MAX];
        size_t found = signed_text_words(&lines, words);
        if (found != forms[at].words || !span_equal(words[0], span_text(forms[at].word)) ||
            !forms[at].read(r, words))
            return error_set(error, "has a line %u that does not belong behind '%s'", number, forms[at].word);
        at += at + 1 < count;
    }
    return at + 1 == count || error_set(error, "has no line '%s'", forms[at].word);
}

/* ---- the two kinds ---- */

static bool ends_in(struct span name, struct span end)
{
    return name.n > end.n && span_equal(span_slice(name, name.n - end.n, end.n), end);
}

enum package_component package_component_of_rules(struct span file)
{
    bool graymail = span_starts_nocase(file, SPAN("graymail")) || ends_in(file, SPAN(".senders"));
    return graymail ? PACKAGE_GRAYMAIL_RULES : PACKAGE_ANTISPAM_RULES;
}

static bool has_right_members(const struct package *p, struct error *error)
{
    const struct package_component_row *row = &package_components[p->component];
    if (row->kind == PACKAGE_MODEL)
        return p->member_count == 1 || error_set(error, "has %zu members, a model has one", p->member_count);
    for (size_t i = 0; i < p->member_count; i++) {
        struct span name = p->members[i].name;
        if (!ends_in(name, SPAN(".rules")) && !ends_in(name, SPAN(".senders")))
            return error_set(error, "has a member %.*s, which ends neither in .rules nor in .senders",
                             (int)name.n, name.p);
    }
    return p->member_count > 0 || error_set(error, "has no members");
}

bool package_read(struct span file, struct package *package, struct error *error)
{
    *package = (struct package){.member_count = 0};
    if (file.n > PACKAGE_BYTES_MAX)
        return error_set(error, "is larger than %d bytes", PACKAGE_BYTES_MAX);
    if (!signed_text_read(file, SPAN("mailward-package 1"), &package->text, error))
        return false;
    struct reading r = {.package = package, .contents = package->text.rest};
    if (!read_lines(&r, package->text.lines, package_form, sizeof package_form / sizeof package_form[0],
                    error))
        return false;
    if (r.contents.n)
        return error_set(error, "has %zu bytes behind its last member", r.contents.n);
    return has_right_members(package, error);
}

bool package_list_read(struct span file, struct package_list *list, struct error *error)
{
    *list = (struct package_list){.count = 0};
    if (!signed_text_read(file, SPAN("mailward-updates 1"), &list->text, error))
        return false;
    struct reading r = {.list = list};
    if (!read_lines(&r, list->text.lines, list_form, sizeof list_form / sizeof list_form[0], error))
        return false;
    return list->text.rest.n == 0 || error_set(error, "has bytes behind its signature");
}

void package_time(int64_t moment, char text[PACKAGE_TIME_BYTES])
{
    time_t seconds = (time_t)(moment / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text, PACKAGE_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

bool package_list_is_expired(const struct package_list *list, int64_t now)
{
    char text[PACKAGE_TIME_BYTES];
    package_time(now, text);
    return memcmp(text, list->expires.p, list->expires.n) >= 0;
}
