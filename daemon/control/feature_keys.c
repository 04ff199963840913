/* The keys in memory, what follows from them, and what has to be told when that changes. */
#include "daemon/control/feature_keys.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "daemon/control/expiry.h"
#include "daemon/control/head.h"
#include "daemon/control/store_config.h"
#include "daemon/control/tidy.h"
#include "daemon/control/trusted_keys.h"
#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/schema/features.h"
#include "engine/smtp/date.h"

enum { KEYS_MOST = 200, EVALUATION_DAYS = 30 };
#define DAY_US (86400 * INT64_C(1000000))

/* In the store in place of a line: the moment at which the evaluation began. */
static const struct span EVALUATION = {"evaluation", 10};

enum { HERE, NOT_YET };
static const struct feature {
    const char *name, *help, *without;
    bool is_here;
} features[FEATURE_COUNT] = {
#define FEATURE(id_, name_, state_, help_, without_)                                                         \
    [FEATURE_##id_] = {.name = name_, .help = help_, .without = without_, .is_here = state_ == HERE},
#include "engine/schema/features.def"
#undef FEATURE
};

/* A key, a signed one or that of the product itself. */
struct key {
    char *line; /* NULL: of the product */
    struct feature_key terms;
};

static struct key keys[KEYS_MOST + FEATURE_COUNT];
static size_t count;
static int64_t evaluation; /* its begin; 0: there is none */
static uint64_t changes;   /* of keys: for the watch */
static uint32_t told;      /* the bits that the queue has */
static struct expiry_watch watch;

/* ---- what is in force ---- */

enum standing { NO_KEY, EXPIRED, NOT_BEGUN, VALID };

struct state {
    enum standing standing;
    int64_t ends;
};

/* S2-52: who has a key for multiscan has one for its last engine, too. */
static bool is_for(const struct key *k, enum schema_feature feature)
{
    return strcmp(k->terms.feature, features[feature].name) == 0 ||
           (feature == FEATURE_ANTISPAM && strcmp(k->terms.feature, features[FEATURE_MULTISCAN].name) == 0);
}

static struct state state_of(enum schema_feature feature, int64_t now)
{
    struct state best = {NO_KEY, 0};
    for (size_t i = 0; i < count; i++) {
        const struct feature_key *t = &keys[i].terms;
        if (!is_for(&keys[i], feature))
            continue;
        struct state s = {now >= t->ends ? EXPIRED : now < t->begins ? NOT_BEGUN : VALID, t->ends};
        if (s.standing > best.standing || (s.standing == best.standing && s.ends > best.ends))
            best = s;
    }
    return best;
}

static bool may_use(enum schema_feature feature)
{
    return features[feature].is_here && state_of(feature, clock_wall_us()).standing == VALID;
}

bool feature_keys_allow(const char *name)
{
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        if (strcmp(features[i].name, name) == 0)
            return may_use(i);
    return false;
}

static uint32_t missing(void)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        if (!may_use(i))
            bits |= feature_bit(i);
    return bits;
}

/* ---- who is told ---- */

static void tell(enum role_id role)
{
    struct buf body = {0};
    wire_put_u32(&body, told);
    role_send(role, MSG_FEATURES, buf_span(&body), -1);
    buf_free(&body);
}

static void tell_all(void)
{
    told = missing();
    tell(ROLE_QUEUE);
    tell(ROLE_SPAMD);
}

void feature_keys_peer_up(enum role_id peer)
{
    if (peer == ROLE_QUEUE || peer == ROLE_SPAMD)
        tell_all();
}

static void tell_expiry(const struct feature *feature, int64_t ends, int64_t now)
{
    struct buf date = {0};
    smtp_date_put(&date, ends);
    if (ends <= now)
        LOG(FEATURE_EXPIRED, LOG_T(feature->name), LOG_S(buf_span(&date)), LOG_T(feature->without));
    else
        LOG(FEATURE_EXPIRES, LOG_T(feature->name), LOG_U(expiry_days(ends - now)), LOG_S(buf_span(&date)));
    buf_free(&date);
}

static bool look_at_all(int64_t now, struct error *error)
{
    bool good = true;
    for (unsigned i = 0; good && i < FEATURE_COUNT; i++) {
        struct state s = state_of(i, now);
        struct buf name = {0};
        bool due = false;
        buf_printf(&name, "feature %s %" PRId64, features[i].name, s.ends);
        if (features[i].is_here && s.standing != NO_KEY)
            good = expiry_due(buf_span(&name), s.ends, now, &due, error);
        if (due)
            tell_expiry(&features[i], s.ends, now);
        buf_free(&name);
    }
    return good;
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (missing() != told) { /* a key has begun or ended */
        changes++;
        tell_all();
    }
    expiry_tick(&watch, changes, look_at_all);
    feature_files_tick();
}

/* ---- the keys ---- */

static void add_own_keys(void)
{
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (!features[i].is_here)
            continue;
        struct key *k = &keys[count++];
        *k = (struct key){.terms = {.begins = INT64_MIN, .ends = FEATURE_ENDS_NEVER}};
        memcpy(k->terms.feature, features[i].name, strlen(features[i].name));
        if (evaluation)
            k->terms.ends = evaluation + EVALUATION_DAYS * DAY_US;
    }
}

bool feature_keys_read(struct span line, struct feature_key *terms, struct error *error)
{
    if (!feature_key_read(line, trusted_keys(), terms, error))
        return false;
    if (strcmp(terms->serial, "any") != 0 && strcasecmp(terms->serial, head_hostname()) != 0)
        return error_set(error, "the feature key is for %s, and this gateway is %s", terms->serial,
                         head_hostname());
    for (unsigned i = 0; i < FEATURE_COUNT; i++)
        if (strcmp(features[i].name, terms->feature) == 0)
            return true;
    return error_set(error, "the feature key is for '%s', which this version does not know", terms->feature);
}

/* One that cannot be used any more (a trusted key was taken away) stays in the store: it may be back. */
static void take_stored(struct span text, int64_t time, void *context)
{
    struct error error;
    (void)context;
    if (span_equal(text, EVALUATION)) {
        evaluation = time;
        return;
    }
    struct key k = {.line = NULL};
    if (!feature_keys_read(text, &k.terms, &error)) {
        LOG(FEATURE_UNUSABLE, LOG_T("config.db"), LOG_T(error.text));
    } else if (count < KEYS_MOST) {
        k.line = xmemdup0(text.p, text.n);
        keys[count++] = k;
    }
}

static bool store_line(struct span text, struct error *error)
{
    struct store_config *store = head_store();
    if (!store_config_begin(store, error))
        return false;
    if (store_config_add_feature_key(store, text, clock_wall_us(), error) &&
        store_config_commit(store, error) == STORE_CONFIG_DONE) {
        tidy_soon();
        return true;
    }
    store_config_rollback(store);
    return false;
}

bool feature_keys_has(struct span line)
{
    for (size_t i = 0; i < count; i++)
        if (keys[i].line && span_equal(span_text(keys[i].line), line))
            return true;
    return false;
}

static void log_activation(const struct feature_key *terms, const char *user)
{
    struct buf until = {0};
    if (terms->ends == FEATURE_ENDS_NEVER)
        buf_printf(&until, "ever");
    else
        smtp_date_put(&until, terms->ends);
    LOG(FEATURE_ACTIVATED, LOG_T(terms->feature), LOG_T(user), LOG_S(buf_span(&until)));
    buf_free(&until);
}

bool feature_keys_activate(struct span line, const char *user, const char **name, bool *is_new,
                           struct error *error)
{
    static struct feature_key terms;
    *name = terms.feature;
    *is_new = !feature_keys_has(line);
    if (!feature_keys_read(line, &terms, error))
        return false;
    if (!*is_new)
        return true;
    if (terms.ends <= clock_wall_us())
        return error_set(error, "the feature key for %s has expired", terms.feature);
    if (count >= KEYS_MOST)
        return error_set(error, "there are %d feature keys, and there is no room for more", KEYS_MOST);
    if (!store_line(line, error))
        return false;
    keys[count++] = (struct key){xmemdup0(line.p, line.n), terms};
    changes++;
    log_activation(&terms, user);
    tell_all();
    return true;
}

bool feature_keys_start(struct error *error)
{
    struct timeval second = {.tv_sec = 1};
    if (!store_config_each_feature_key(head_store(), take_stored, NULL, error))
        return false;
    if (role_settings()->features_evaluation && !evaluation) {
        evaluation = clock_wall_us();
        if (!store_line(EVALUATION, error))
            return false;
    }
    if (!role_settings()->features_evaluation)
        evaluation = 0;
    add_own_keys();
    event_add(event_new(role_base(), -1, EV_PERSIST, on_tick, NULL), &second);
    return true;
}

/* ---- shown ---- */

/* A key for anti-spam counts once the licence is accepted (S2-22). */
static bool waits_for_licence(enum schema_feature feature)
{
    const struct config_table *table = config_resolve(head_tree(), head_place(), SCHEMA_ANTISPAM, NULL);
    return feature == FEATURE_ANTISPAM &&
           !schema_row_number(config_table_single(table), ANTISPAM_LICENCE_ACCEPTED);
}

static const char *status_of(enum schema_feature feature, const struct state *s)
{
    static const char *const words[] = {
        [NO_KEY] = "No Key", [EXPIRED] = "Expired", [NOT_BEGUN] = "Not Yet Valid", [VALID] = "Active"};
    if (!features[feature].is_here)
        return "Not Available";
    return s->standing == VALID && waits_for_licence(feature) ? "Dormant" : words[s->standing];
}

json_t *feature_keys_json(void)
{
    json_t *list = json_array();
    int64_t now = clock_wall_us();
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        struct state s = state_of(i, now);
        bool dated = s.standing != NO_KEY && s.ends != FEATURE_ENDS_NEVER;
        int64_t left = s.ends > now ? (s.ends - now) / 1000000 : 0;
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:o,s:o,s:b}", "feature", features[i].name,
                                        "description", features[i].help, "status", status_of(i, &s),
                                        "expires", dated ? json_integer(s.ends) : json_null(), "remaining",
                                        dated ? json_integer(left) : json_null(), "perpetual",
                                        s.standing != NO_KEY && s.ends == FEATURE_ENDS_NEVER));
    }
    return list;
}
