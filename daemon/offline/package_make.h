/* What mailward-package makes and signs. */
#ifndef OFFLINE_PACKAGE_MAKE_H
#define OFFLINE_PACKAGE_MAKE_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* The command line; NULL: not given. */
struct package_options {
    const char *key, *keys, *name, *version, *out, *days;
};

/* A package of the files in args. */
bool package_build(const struct package_options *o, int count, char **args, struct error *error);
/* The manifest of the folder args[0]. */
bool package_manifest(const struct package_options *o, int count, char **args, struct error *error);

/* Appends a line: word and moment (microseconds). */
void package_put_time(struct buf *out, const char *word, int64_t moment);

#endif
