/* The rows of config.db. */
#include <string.h>

#include "daemon/control/store_config_internal.h"

/* Replaces what is in text by the first column of the one row; by nothing when there is none. */
static bool get_text(struct store_config *s, enum statement id, struct buf *text, struct error *error,
                     const struct store_value *values, size_t count)
{
    sqlite3_stmt *row = store_database_query(&s->database, id, error, values, count);
    enum store_step step = store_database_step(&s->database, row, error);
    buf_clear(text);
    if (step == STORE_ROW)
        buf_append_span(text, store_column_span(row, 0));
    sqlite3_reset(row);
    return step != STORE_FAILED;
}

bool store_config_put_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct span body, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_PUT_BLOB, error,
                              VALUES(V_BLOB(span_of(hash, STORE_HASH_BYTES)), V_BLOB(body)));
}

bool store_config_get_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct buf *body, struct error *error)
{
    unsigned char found[STORE_HASH_BYTES];
    if (!get_text(s, STATEMENT_GET_BLOB, body, error, VALUES(V_BLOB(span_of(hash, STORE_HASH_BYTES)))))
        return false;
    store_config_hash(buf_span(body), found);
    if (memcmp(hash, found, sizeof found) == 0)
        return true;
    return error_set(error, "a part of the stored configuration is %s (%02x%02x%02x%02x...)",
                     body->len ? "damaged" : "missing", hash[0], hash[1], hash[2], hash[3]);
}

bool store_config_each_blob(struct store_config *s, store_config_blob_visit *visit, void *context,
                            struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_EACH_BLOB, error, NULL, 0);
    enum store_step step;
    while ((step = store_database_step(&s->database, row, error)) == STORE_ROW)
        visit(store_column_span(row, 0), store_column_span(row, 1), context);
    return step == STORE_END;
}

bool store_config_add_revision(struct store_config *s, uint64_t number, const char *commit_id,
                               struct span manifest, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_ADD_REVISION, error,
                              VALUES(V_INT(number), V_TEXT(span_text(commit_id)), V_TEXT(manifest)));
}

bool store_config_get_revision(struct store_config *s, uint64_t number, struct buf *manifest,
                               struct error *error)
{
    return get_text(s, STATEMENT_GET_REVISION, manifest, error, VALUES(V_INT(number)));
}

bool store_config_find_commit(struct store_config *s, const char *commit_id, struct buf *manifest,
                              struct error *error)
{
    return get_text(s, STATEMENT_FIND_COMMIT, manifest, error, VALUES(V_TEXT(span_text(commit_id))));
}

bool store_config_each_revision(struct store_config *s, bool (*visit)(struct span manifest, void *context),
                                void *context, struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_EACH_REVISION, error, NULL, 0);
    enum store_step step = STORE_ROW;
    bool more = true;
    while (more && (step = store_database_step(&s->database, row, error)) == STORE_ROW)
        more = visit(store_column_span(row, 0), context);
    sqlite3_reset(row);
    return step != STORE_FAILED;
}

/* 0 when there is no row. */
static bool get_number(struct store_config *s, enum statement id, uint64_t *number, struct error *error,
                       const struct store_value *values, size_t count)
{
    int64_t found = 0;
    bool good = store_database_number(&s->database, id, &found, error, values, count);
    *number = (uint64_t)found;
    return good;
}

bool store_config_head(struct store_config *s, uint64_t *revision, struct error *error)
{
    return get_number(s, STATEMENT_GET_HEAD, revision, error, NULL, 0);
}

bool store_config_oldest(struct store_config *s, uint64_t *revision, struct error *error)
{
    return get_number(s, STATEMENT_GET_OLDEST, revision, error, NULL, 0);
}

bool store_config_set_head(struct store_config *s, uint64_t revision, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_SET_HEAD, error, VALUES(V_INT(revision)));
}

bool store_config_machine(struct store_config *s, struct buf *name, struct error *error)
{
    return get_text(s, STATEMENT_GET_MACHINE, name, error, NULL, 0);
}

bool store_config_set_machine(struct store_config *s, const char *name, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_SET_MACHINE, error, VALUES(V_TEXT(span_text(name))));
}

bool store_config_audit(struct store_config *s, const struct store_config_audit *record, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_ADD_AUDIT, error,
                              VALUES(V_INT(record->time), V_TEXT(span_text(record->user)),
                                     V_TEXT(span_text(record->source)), V_TEXT(span_text(record->method)),
                                     V_TEXT(span_text(record->detail)), V_INT(record->status))) &&
           store_database_run(&s->database, STATEMENT_PRUNE_AUDIT, error, NULL, 0);
}

bool store_config_each_session(struct store_config *s,
                               bool (*visit)(const struct store_config_audit *record, void *context),
                               void *context, struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_EACH_SESSION, error, NULL, 0);
    enum store_step step = STORE_ROW;
    bool more = true;
    while (more && (step = store_database_step(&s->database, row, error)) == STORE_ROW) {
        const struct store_config_audit record = {.time = sqlite3_column_int64(row, 0),
                                                  .user = (const char *)sqlite3_column_text(row, 1),
                                                  .source = (const char *)sqlite3_column_text(row, 2),
                                                  .method = (const char *)sqlite3_column_text(row, 3),
                                                  .detail = (const char *)sqlite3_column_text(row, 4)};
        more = visit(&record, context);
    }
    sqlite3_reset(row);
    return step != STORE_FAILED;
}

bool store_config_next_kept(struct store_config *s, uint64_t from, uint64_t newer_than, uint64_t *revision,
                            struct error *error)
{
    return get_number(s, STATEMENT_NEXT_KEPT, revision, error, VALUES(V_INT(from), V_INT(newer_than)));
}

bool store_config_prune(struct store_config *s, unsigned keep, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_PRUNE_REVISIONS, error, VALUES(V_INT(keep)));
}

bool store_config_forget_used(struct store_config *s, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_CLEAR_USED, error, NULL, 0);
}

bool store_config_use_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct error *error)
{
    return store_database_run(&s->database, STATEMENT_USE_BLOB, error,
                              VALUES(V_BLOB(span_of(hash, STORE_HASH_BYTES))));
}

bool store_config_sweep(struct store_config *s, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_SWEEP, error, NULL, 0);
}

/* ---- the confirmation that is pending ---- */

bool store_config_get_confirmation(struct store_config *s, struct store_config_confirmation *c,
                                   struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_GET_CONFIRMATION, error, NULL, 0);
    enum store_step step = store_database_step(&s->database, row, error);
    *c = (struct store_config_confirmation){0};
    if (step == STORE_ROW) {
        c->revision = (uint64_t)sqlite3_column_int64(row, 0);
        c->base = (uint64_t)sqlite3_column_int64(row, 1);
        c->deadline = sqlite3_column_int64(row, 2);
        size_t length = (size_t)sqlite3_column_bytes(row, 3);
        if (length < sizeof c->boot_id)
            memcpy(c->boot_id, sqlite3_column_text(row, 3), length);
        c->boot_deadline = sqlite3_column_int64(row, 4);
    }
    sqlite3_reset(row);
    return step != STORE_FAILED;
}

bool store_config_set_confirmation(struct store_config *s, const struct store_config_confirmation *c,
                                   struct error *error)
{
    return store_database_run(&s->database, STATEMENT_SET_CONFIRMATION, error,
                              VALUES(V_INT(c->revision), V_INT(c->base), V_INT(c->deadline),
                                     V_TEXT(span_text(c->boot_id)), V_INT(c->boot_deadline)));
}

bool store_config_end_confirmation(struct store_config *s, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_END_CONFIRMATION, error, NULL, 0);
}

/* ---- labels ---- */

bool store_config_set_label(struct store_config *s, const char *name, uint64_t revision, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_SET_LABEL, error,
                              VALUES(V_TEXT(span_text(name)), V_INT(revision)));
}

bool store_config_drop_label(struct store_config *s, const char *name, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_DROP_LABEL, error, VALUES(V_TEXT(span_text(name))));
}

bool store_config_find_label(struct store_config *s, const char *name, uint64_t *revision,
                             struct error *error)
{
    return get_number(s, STATEMENT_FIND_LABEL, revision, error, VALUES(V_TEXT(span_text(name))));
}

bool store_config_each_label(struct store_config *s,
                             void (*visit)(struct span name, uint64_t revision, void *context), void *context,
                             struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_EACH_LABEL, error, NULL, 0);
    enum store_step step;
    while ((step = store_database_step(&s->database, row, error)) == STORE_ROW)
        visit(store_column_span(row, 0), store_column_u64(row, 1), context);
    return step == STORE_END;
}

/* ---- feature keys ---- */

bool store_config_add_feature_key(struct store_config *s, struct span text, int64_t time, struct error *error)
{
    return store_database_run(&s->database, STATEMENT_ADD_FEATURE_KEY, error,
                              VALUES(V_TEXT(text), V_INT(time)));
}

bool store_config_each_feature_key(struct store_config *s,
                                   void (*visit)(struct span text, int64_t time, void *context),
                                   void *context, struct error *error)
{
    sqlite3_stmt *row = store_database_query(&s->database, STATEMENT_EACH_FEATURE_KEY, error, NULL, 0);
    enum store_step step;
    while ((step = store_database_step(&s->database, row, error)) == STORE_ROW)
        visit(store_column_span(row, 0), sqlite3_column_int64(row, 1), context);
    return step == STORE_END;
}
