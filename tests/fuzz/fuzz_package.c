/* Hostile packages and manifests: whatever is read has to lie within what was given. */
#include <stdlib.h>

#include "engine/package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_within(struct span part, struct span whole)
{
    if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span file = span_of(data, size);
    static struct package package;
    static struct package_list list;
    struct error error;
    if (package_read(file, &package, &error))
        for (size_t i = 0; i < package.member_count; i++) {
            expect_within(package.members[i].name, file);
            expect_within(package.members[i].content, package.text.rest);
        }
    if (package_list_read(file, &list, &error))
        for (size_t i = 0; i < list.count; i++)
            expect_within(list.offers[i].file, list.text.lines);
    return 0;
}
