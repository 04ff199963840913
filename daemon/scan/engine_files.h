/* What a generation judges with: the model and the files of rules, those that came with the program or what updates
 * put in their place.
 *
 * Everything is in memory, as the role opens no file once its sandbox is closed.  Rules are kept as text: only zygotes
 * compile them, so that nothing that is wrong with rules can harm the supervisor.
 */
#ifndef SCAN_ENGINE_FILES_H
#define SCAN_ENGINE_FILES_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/package/package.h"

struct scan_model;
struct scan_rules;

/* Immutable, counted references. */
struct engine_files;

/* Those that came with the program; NULL, with the reason, when one cannot be read. */
struct engine_files *engine_files_shipped(struct error *error);
/* The same with these packages in the place of what they replace: an empty span for none.  Spans are copied.  They come
 * from control, which has verified them.  NULL when one is not what it should be. */
struct engine_files *engine_files_updated(const struct engine_files *shipped,
                                          const struct span packages[PACKAGE_COMPONENT_COUNT],
                                          struct error *error);
struct engine_files *engine_files_ref(struct engine_files *files);
void engine_files_unref(struct engine_files *files);

/* Whether both have the same of everything.  Versions alone do not tell: a package may be installed again. */
bool engine_files_equal(const struct engine_files *a, const struct engine_files *b);
/* Appends "NAME VERSION" for each component, with commas between them. */
void engine_files_put_versions(const struct engine_files *files, struct buf *out);
const struct scan_model *engine_files_model(const struct engine_files *files);
/* Compiles the rules; NULL, with the place of the first mistake. */
struct scan_rules *engine_files_compile(const struct engine_files *files, struct error *error);

#endif
