/* Reading training mail into features. */
#include "daemon/offline/train_set.h"

#include <stdlib.h>

#include "daemon/offline/mail_files.h"
#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/xalloc.h"
#include "engine/mime/view.h"
#include "engine/scan/hash.h"

/* The subject without reply and list marks, case, digits and punctuation: the same for a thread or a campaign. */
static uint64_t subject_group(const struct mime_view *view, uint64_t content)
{
    const struct mime_header *h = mime_view_header(view, "Subject");
    struct span rest = h ? span_trim(h->decoded) : (struct span){0};
    struct buf letters = {0};
    for (size_t i = 0; i < rest.n; i++) {
        char c = ascii_lower(rest.p[i]);
        if (c == ':' && letters.len <= 3) /* re: fw: fwd: aw: */
            buf_clear(&letters);
        else if (c == ']' && letters.len <= 40) /* [list] */
            buf_clear(&letters);
        else if ((c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80)
            buf_append_char(&letters, c);
    }
    uint64_t group = letters.len >= 4 ? scan_hash_bytes(1, buf_span(&letters)) : content;
    buf_free(&letters);
    return group;
}

struct reading {
    struct train_set *set;
    struct arena *arena;
    bool spam;
};

static void free_example(struct train_example *example)
{
    free((void *)example->features.ids);
    free(example->name);
}

static struct train_example *next_example(struct train_set *set)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 1024;
        set->examples = xreallocarray(set->examples, set->capacity, sizeof *set->examples);
    }
    return &set->examples[set->count++];
}

static void add_message(void *context, const char *name, struct span message)
{
    struct reading *reading = context;
    struct train_example *example = next_example(reading->set);
    struct mime_view view;
    mime_view_build(message, 0, &mime_default_limits, NULL, reading->arena, &view);
    struct scan_hits hits;
    const struct scan_rule_input input = {.view = &view, .raw = message};
    scan_rules_run(reading->set->rules, &input, NULL, NULL, reading->arena, &hits);
    const struct scan_feature_input about = {.view = &view,
                                             .body = span_slice(message, view.body_offset, message.n),
                                             .rules = reading->set->rules,
                                             .hits = &hits};
    scan_features_extract(&about, reading->arena, &example->features);
    size_t bytes = example->features.start[SCAN_FAMILIES] * sizeof *example->features.ids;
    example->features.ids = memcpy(xmalloc(bytes + 1), example->features.ids, bytes);
    example->spam = reading->spam;
    example->name = xstrdup(name);
    example->content = scan_hash_bytes(2, span_trim(span_slice(message, view.body_offset, message.n)));
    example->group = subject_group(&view, example->content);
    arena_reset(reading->arena);
}

bool train_set_add_path(struct train_set *set, const char *path, bool spam, struct error *error)
{
    struct reading reading = {set, arena_new(), spam};
    bool ok = mail_files_walk(path, add_message, &reading, error);
    arena_free(reading.arena);
    return ok;
}

static int by_content(const void *a, const void *b)
{
    const struct train_example *x = a, *y = b;
    if (x->content != y->content)
        return x->content < y->content ? -1 : 1;
    return (int)x->spam - (int)y->spam;
}

void train_set_drop_duplicates(struct train_set *set)
{
    if (set->count == 0)
        return;
    qsort(set->examples, set->count, sizeof *set->examples, by_content);
    size_t kept = 1;
    for (size_t i = 1; i < set->count; i++) {
        if (set->examples[i].content == set->examples[kept - 1].content)
            free_example(&set->examples[i]);
        else
            set->examples[kept++] = set->examples[i];
    }
    set->duplicates += set->count - kept;
    set->count = kept;
}

size_t train_set_count(const struct train_set *set, bool spam)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->examples[i].spam == spam;
    return count;
}

void train_set_free(struct train_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free_example(&set->examples[i]);
    free(set->examples);
    *set = (struct train_set){0};
}
