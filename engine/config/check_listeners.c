/* Rows against their owners, listeners against each other, and spamd against them and the engine. */
#include "engine/config/check.h"

/* ---- owners ---- */

struct owners {
    const struct config_table *owners, *owned; /* as they are to be */
    struct error *error;
    bool good;
};

static void miss_owner(struct owners *o, const struct schema_row *row)
{
    struct span key = schema_row_key(row), owner = schema_key_owner(key);
    o->good = error_set(o->error, "%s %.*s: there is no %s '%.*s'", row->table->name, (int)key.n, key.p,
                        row->table->owner->row_noun, (int)owner.n, owner.p);
}

static void check_owned(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct owners *o = context;
    (void)before;
    if (o->good && after && !config_table_find(o->owners, schema_key_owner(schema_row_key(after))))
        miss_owner(o, after);
}

static void check_gone(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct owners *o = context;
    const struct schema_row *orphan =
        o->good && !after ? config_table_owned(o->owned, schema_row_key(before)) : NULL;
    if (orphan)
        miss_owner(o, orphan);
}

bool config_check_owners(const struct config_check *check, struct error *error)
{
    struct owners o = {.error = error, .good = true};
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT && o.good; id++) {
        const struct schema_table *owner = schema_tables[id].owner;
        if (!owner)
            continue;
        o.owners = check->after[owner->id];
        o.owned = check->after[id];
        config_table_diff(check->before[id], o.owned, check_owned, &o);
        config_table_diff(check->before[owner->id], o.owners, check_gone, &o);
    }
    return o.good;
}

/* ---- listeners ---- */

static bool same_socket(const struct schema_row *a, const struct schema_row *b)
{
    return schema_row_number(a, LISTENERS_PORT) == schema_row_number(b, LISTENERS_PORT) &&
           span_equal(schema_row_text(a, LISTENERS_ADDRESS), schema_row_text(b, LISTENERS_ADDRESS));
}

/* There are few: their number has been looked at. */
static const struct schema_row *find_twin(const struct config_table *listeners, const struct schema_row *row)
{
    struct config_cursor c = config_table_start(listeners);
    for (const struct schema_row *other; (other = config_table_next(&c)) && other != row;)
        if (same_socket(row, other))
            return other;
    return NULL;
}

static bool check_sockets(const struct config_table *listeners, struct error *error)
{
    struct config_cursor c = config_table_start(listeners);
    for (const struct schema_row *row, *twin; (row = config_table_next(&c));) {
        if (!(twin = find_twin(listeners, row)))
            continue;
        struct span a = schema_row_key(twin), b = schema_row_key(row);
        return error_set(error, "listeners %.*s and %.*s have the same address and port", (int)a.n, a.p,
                         (int)b.n, b.p);
    }
    return true;
}

struct recipients {
    const struct config_check *check;
    size_t in_vain;
};

static void doubt_recipient(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct recipients *r = context;
    (void)before;
    if (!after)
        return;
    struct span key = schema_row_key(after), owner = schema_key_owner(key);
    const struct schema_row *listener = config_table_find(r->check->after[SCHEMA_LISTENERS], owner);
    bool is_all = span_equal(span_slice(key, owner.n, key.n), SPAN("/ALL"));
    if (schema_row_number(listener, LISTENERS_KIND) == LISTENERS_PRIVATE && r->in_vain++ == 0)
        r->check->warn("rcptaccess has no effect on a private listener: only its hostaccess counts",
                       r->check->context);
    else if (is_all && schema_row_number(after, RCPTACCESS_ACCESS) == RCPTACCESS_ACCEPT)
        r->check->warn("rcptaccess ALL accept: the listener takes mail from everybody for everybody",
                       r->check->context);
}

static void doubt_tls(const struct config_check *check, const struct schema_row *listener)
{
    struct span name = schema_row_key(listener);
    struct buf sentence = {0};
    bool required = schema_row_number(listener, LISTENERS_TLS) == SCHEMA_TLS_REQUIRED;
    buf_printf(&sentence, "listeners %.*s: tls is %s, but there is no certificate DEFAULT: %s", (int)name.n,
               name.p, required ? "required" : "preferred",
               required ? "it takes no mail" : "STARTTLS is not offered");
    check->warn(buf_text(&sentence), check->context);
    buf_free(&sentence);
}

/* Warns of listeners that cannot do TLS as they are told, when they or the certificate were changed. */
static void doubt_certificate(const struct config_check *check)
{
    const struct span name = SPAN("DEFAULT");
    bool lost = config_table_find(check->before[SCHEMA_CERTIFICATES], name);
    struct config_cursor c = config_table_start(check->after[SCHEMA_LISTENERS]);
    if (config_table_find(check->after[SCHEMA_CERTIFICATES], name))
        return;
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        const struct schema_row *before =
            config_table_find(check->before[SCHEMA_LISTENERS], schema_row_key(row));
        int64_t tls = schema_row_number(row, LISTENERS_TLS);
        bool is_new = !before || schema_row_number(before, LISTENERS_TLS) != tls;
        if (tls != SCHEMA_TLS_NONE && (lost || is_new))
            doubt_tls(check, row);
    }
}

bool config_check_listeners(const struct config_check *check, struct error *error)
{
    const struct config_table *listeners = check->after[SCHEMA_LISTENERS];
    struct recipients r = {.check = check};
    if (!check_sockets(listeners, error))
        return false;
    if (check->warn)
        config_table_diff(check->before[SCHEMA_RCPTACCESS], check->after[SCHEMA_RCPTACCESS], doubt_recipient,
                          &r);
    if (check->warn)
        doubt_certificate(check);
    return true;
}

/* ---- spamd ---- */

static bool has_listener_at(const struct config_table *listeners, const struct schema_socket *at,
                            struct error *error)
{
    struct config_cursor c = config_table_start(listeners);
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        if (at->port == 0 || schema_row_number(row, LISTENERS_PORT) != at->port ||
            !span_equal(schema_row_text(row, LISTENERS_ADDRESS), at->address))
            continue;
        struct span name = schema_row_key(row);
        error_set(error, "spamd tcp: listener %.*s has the same address and port", (int)name.n, name.p);
        return true;
    }
    return false;
}

bool config_check_spamd(const struct config_check *check, struct error *error)
{
    const struct schema_row *row = config_table_single(check->after[SCHEMA_SPAMD_SERVICE]);
    const struct schema_row *gateway = config_table_single(check->after[SCHEMA_ANTISPAM]);
    struct span list = schema_row_text(row, SPAMD_TCP);
    struct schema_socket at;
    bool differs = !config_table_equal(check->before[SCHEMA_SPAMD_SERVICE], check->after[SCHEMA_SPAMD_SERVICE]) ||
                   !config_table_equal(check->before[SCHEMA_ANTISPAM], check->after[SCHEMA_ANTISPAM]);
    if (!schema_row_number(row, SPAMD_ENABLED))
        return true;
    while (schema_socket_next(&list, &at) == SCHEMA_NEXT_GOOD)
        if (has_listener_at(check->after[SCHEMA_LISTENERS], &at, error))
            return false;
    if (check->warn && differs && !schema_row_number(gateway, ANTISPAM_ENABLED))
        check->warn("spamd: it is enabled, but anti-spam is off for the whole gateway: clients are told that "
                    "nothing is scanned",
                    check->context);
    return true;
}
