/* Manifests to and from JSON. */
#include "daemon/control/manifest.h"

#include <stdlib.h>

#include "engine/base/text.h"

enum { VERSION = 1, TEXT_LIMIT = 64 * 1024 };

/* Jansson refuses what is not UTF-8, and an account's name may be anything. */
static json_t *text_json(const char *text)
{
    json_t *value = json_string(text ? text : "");
    if (value)
        return value;
    struct buf safe = {0};
    text_from_wire(&safe, span_text(text), TEXT_LIMIT);
    value = json_stringn(safe.data, safe.len);
    buf_free(&safe);
    return value;
}

void manifest_put(struct buf *out, const struct manifest *m, json_t *levels)
{
    json_t *object =
        json_pack("{s:I,s:I,s:I,s:I,s:b,s:o,s:o,s:o,s:o,s:o,s:O,s:i}", "revision", (json_int_t)m->revision,
                  "parent", (json_int_t)m->parent, "rollback_of", (json_int_t)m->rollback_of, "time",
                  (json_int_t)m->time, "hidden", m->hidden, "commit_id", text_json(m->commit_id), "author",
                  text_json(m->author), "source", text_json(m->source), "host", text_json(m->host), "comment",
                  text_json(m->comment), "levels", levels, "version", VERSION);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        abort(); /* everything in it is text that Jansson took */
    buf_append_span(out, span_text(text));
    free(text);
    json_decref(object);
}

static const char *keep(struct arena *arena, const char *text)
{
    return arena_text(arena, span_text(text));
}

bool manifest_get(struct span text, struct arena *arena, struct manifest *m, json_t **levels,
                  struct error *error)
{
    json_int_t revision, parent, rollback_of, time;
    const char *commit_id, *author, *source, *host, *comment;
    json_t *trees;
    int hidden, version;
    json_t *object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_unpack(object, "{s:I,s:I,s:I,s:I,s:b,s:s,s:s,s:s,s:s,s:s,s:o,s:i}", "revision",
                            &revision, "parent", &parent, "rollback_of", &rollback_of, "time", &time,
                            "hidden", &hidden, "commit_id", &commit_id, "author", &author, "source", &source,
                            "host", &host, "comment", &comment, "levels", &trees, "version", &version) == 0 &&
                version == VERSION && strlen(commit_id) <= COMMIT_ID_MAX && json_is_object(trees);
    if (good) {
        *m = (struct manifest){.revision = (uint64_t)revision,
                               .parent = (uint64_t)parent,
                               .rollback_of = (uint64_t)rollback_of,
                               .time = time,
                               .author = keep(arena, author),
                               .source = keep(arena, source),
                               .host = keep(arena, host),
                               .comment = keep(arena, comment),
                               .hidden = hidden};
        memcpy(m->commit_id, commit_id, strlen(commit_id));
        if (levels)
            *levels = json_incref(trees);
    } else {
        error_set(error, "the record of a stored revision is damaged");
    }
    json_decref(object);
    return good;
}

struct manifest manifest_copy(const struct manifest *m, struct arena *arena)
{
    struct manifest copy = *m;
    copy.author = keep(arena, m->author);
    copy.source = keep(arena, m->source);
    copy.host = keep(arena, m->host);
    copy.comment = keep(arena, m->comment);
    return copy;
}
