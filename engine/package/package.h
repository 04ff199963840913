/* Packages: rules or a model in one signed file, and the list of packages that a server has.
 *
 * A package is a signed text (signed_text.h) and the contents of its members, one behind the other:
 *
 *     mailward-package 1
 *     name antispam-rules
 *     version 20261122
 *     format 1
 *     created 2026-11-22T06:30:00Z
 *     member SIZE SHA256 NAME                as often as there are members
 *
 * The list is a signed text alone, the file `manifest` of a server; FILE is in the same folder:
 *
 *     mailward-updates 1
 *     sequence 57
 *     created 2026-11-22T06:31:00Z
 *     expires 2026-12-22T06:31:00Z
 *     package NAME FORMAT VERSION SIZE SHA256 FILE
 *
 * A server may have a package for each format, so that gateways of all ages find theirs.
 * Versions and sequences only grow, so that an old file cannot be passed off as a new one; and a list expires, so that
 * one cannot be offered for ever.  Times are UTC, to the second.  Both files are hostile until
 * their signature and, of contents, their SHA-256 were checked.
 */
#ifndef PACKAGE_PACKAGE_H
#define PACKAGE_PACKAGE_H

#include <stdint.h>

#include "engine/package/signed_text.h"

enum package_component {
#define COMPONENT(id, ...) PACKAGE_##id,
#include "engine/package/components.def"
#undef COMPONENT
    PACKAGE_COMPONENT_COUNT
};

/* What a component belongs to. */
enum package_engine { PACKAGE_ANTISPAM, PACKAGE_GRAYMAIL, PACKAGE_ENGINE_COUNT };
enum package_kind { PACKAGE_RULES, PACKAGE_MODEL };

struct package_component_row {
    const char *name;
    enum package_engine engine;
    enum package_kind kind;
    uint64_t format, shipped_version;
    const char *title;
};

extern const struct package_component_row package_components[PACKAGE_COMPONENT_COUNT];
/* -1 when there is none of this name. */
int package_component_find(struct span name);
/* The component whose package a file of rules of this name (without a folder) belongs into: graymail's are named
 * graymail*, and lists of senders are graymail's too. */
enum package_component package_component_of_rules(struct span file);

enum {
    PACKAGE_BYTES_MAX = 16 * 1024 * 1024,
    PACKAGE_MEMBERS_MAX = 128,
    PACKAGE_LIST_MAX = 32,
    PACKAGE_SHA256_HEX = 64,
    PACKAGE_TIME_BYTES = 32,
};
#define PACKAGE_VERSION_MAX UINT64_C(999999999999999)

/* Spans point into the file. */
struct package_member {
    struct span name, sha256; /* hexadecimal, lower case */
    struct span content;
};

struct package {
    struct signed_text text;
    enum package_component component;
    uint64_t version, format;
    struct span created;
    struct package_member members[PACKAGE_MEMBERS_MAX];
    size_t member_count;
};

/* Reads a package; whether anybody is to believe it is not asked.  An error says what is wrong with it. */
bool package_read(struct span file, struct package *package, struct error *error);
/* Whether a trusted key signed it and its members are what was signed. */
bool package_verify(const struct package *package, const struct trust_store *trust, const char **key_name,
                    struct error *error);

struct package_offer {
    struct span name; /* of the package, which this program need not know */
    uint64_t format, version, size;
    struct span sha256, file;
};

struct package_list {
    struct signed_text text;
    uint64_t sequence;
    struct span created, expires;
    struct package_offer offers[PACKAGE_LIST_MAX];
    size_t count;
};

bool package_list_read(struct span file, struct package_list *list, struct error *error);
/* now: wall, microseconds. */
bool package_list_is_expired(const struct package_list *list, int64_t now);
/* Whether these are the bytes that the (verified) list offers. */
bool package_is_offered(const struct package_offer *offer, struct span file, struct error *error);

/* A moment (wall, microseconds) as the files have it. */
void package_time(int64_t moment, char text[PACKAGE_TIME_BYTES]);
/* 64 hexadecimal digits and a NUL. */
void package_sha256(struct span bytes, char hex[PACKAGE_SHA256_HEX + 1]);

#endif
