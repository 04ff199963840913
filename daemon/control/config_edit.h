/* Edits of rows of a candidate: what config.edit does for each of its edits. */
#ifndef CONTROL_CONFIG_EDIT_H
#define CONTROL_CONFIG_EDIT_H

#include "daemon/control/config_secrets.h"
#include "daemon/control/permit.h"
#include "engine/config/candidate.h"
#include "engine/wire/api.h"

struct edit_refusal {
    enum api_error kind;
    struct error why; /* the detail of its phrase */
};

/* One request at work on a copy of the candidate. */
struct edit {
    struct config_candidate copy;
    struct config_place place;  /* the level that is edited */
    struct config_table *taken; /* the table that the latest edits changed; NULL: none */
    struct arena *arena;
    enum permit_role role;
    json_t *warnings;
    bool whole; /* the request is a file, which is checked at its end: rows may come before their owner */
    const json_t *secrets; /* of the request: which key they are encrypted with; NULL: none is */
    struct config_secrets opened;
    bool is_open;
    struct edit_refusal refusal;
};

/* One of its edits. */
struct row_edit {
    const struct schema_table *table;
    const char *typed_key; /* NULL: none */
    struct span key;       /* as stored */
    const json_t *fields;
    const struct schema_row *present; /* NULL: there is none */
};

struct edit_verb {
    const char *name;
    bool (*run)(struct edit *e, const struct row_edit *r);
    bool key, fields;    /* whether it has a key (of a list table) and fields */
    bool may_name_owner; /* as key: the owner whose rows are meant */
};

/* NULL: there is none. */
const struct edit_verb *edit_verb_find(const char *name);

/* The table as the edits before have left it. */
const struct config_table *edit_table_now(const struct edit *e, const struct schema_table *table);
/* After the last edit. */
void edit_give_back(struct edit *e);

/* Fills in the refusal; always false. */
bool edit_refuse(struct edit *e, enum api_error kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
