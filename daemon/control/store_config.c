/* config.db in SQLite: one connection, each transaction on disk before the next step. */
#include <openssl/sha.h>
#include <stdlib.h>

#include "daemon/control/store_config_internal.h"
#include "engine/base/xalloc.h"

enum { FORMAT = 3, LOG_PAGES = 500 /* after which a checkpoint is due */ };

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/control/store_config.def"
#undef STATEMENT
};

static const char *const migrations[FORMAT] = {
    "CREATE TABLE blob (hash BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE revision (number INTEGER PRIMARY KEY, commit_id TEXT NOT NULL UNIQUE,"
    " manifest TEXT NOT NULL) STRICT;"
    "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), head INTEGER NOT NULL,"
    " machine TEXT NOT NULL) STRICT;"
    "INSERT INTO state VALUES (1, 0, '');"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, user TEXT NOT NULL, source TEXT NOT "
    "NULL,"
    " method TEXT NOT NULL, detail TEXT NOT NULL, status INTEGER NOT NULL) STRICT;",
    "CREATE TABLE confirmation (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL,"
    " base INTEGER NOT NULL, deadline INTEGER NOT NULL, boot_id TEXT NOT NULL, boot_deadline INTEGER NOT "
    "NULL)"
    " STRICT;"
    "CREATE TABLE label (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;",
    "CREATE TABLE feature_key (text TEXT NOT NULL PRIMARY KEY, time INTEGER NOT NULL) STRICT;",
};

/* The log is moved by store_config_checkpoint() alone, when nobody waits for a commit. */
static const struct store_schema schema = {
    .name = "config.db",
    .settings = "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304; PRAGMA secure_delete = FAST;"
                "PRAGMA temp_store = MEMORY;" STORE_DISTRUST
                "CREATE TEMP TABLE used (hash BLOB PRIMARY KEY) WITHOUT ROWID;",
    .moves_log = true,
    .if_newer = "put back the config.db of before the upgrade",
    .if_damaged = "put back a copy of config/config.db, or move it away to start from presets",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};

typedef bool opener(struct store_database *d, const struct store_schema *schema, const char *path,
                    struct error *error);

static struct store_config *open_with(opener *open, const char *path, struct error *error)
{
    struct store_config *s = xcalloc(1, sizeof *s);
    if (open(&s->database, &schema, path, error))
        return s;
    free(s);
    return NULL;
}

struct store_config *store_config_open(const char *path, struct error *error)
{
    return open_with(store_database_open, path, error);
}

struct store_config *store_config_open_reader(const char *path, struct error *error)
{
    return open_with(store_database_open_reader, path, error);
}

int store_config_newest_format(void)
{
    return FORMAT;
}

void store_config_close(struct store_config *s)
{
    store_database_close(&s->database);
    free(s);
}

bool store_config_begin(struct store_config *s, struct error *error)
{
    return store_database_begin(&s->database, error);
}

enum store_config_outcome store_config_commit(struct store_config *s, struct error *error)
{
    if (store_database_end(&s->database, true, error))
        return STORE_CONFIG_DONE;
    return s->database.code == SQLITE_IOERR ? STORE_CONFIG_UNSURE : STORE_CONFIG_NOT_DONE;
}

void store_config_rollback(struct store_config *s)
{
    store_database_rollback(&s->database);
}

bool store_config_checkpoint(struct store_config *s, struct error *error)
{
    return s->database.log_pages < LOG_PAGES || store_database_checkpoint(&s->database, error);
}

void store_config_hash(struct span body, unsigned char hash[STORE_HASH_BYTES])
{
    SHA256((const unsigned char *)body.p, body.n, hash);
}
