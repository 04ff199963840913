/* What can be configured: tables, their fields, and rows of typed values.
 *
 * tables.def lists the tables, NAME.def the fields of one.  Prompts, batch options, help, JSON, checks and the roles
 * all read these rows; a field's name is its JSON key, its batch option (--NAME) and its word in errors alike.
 */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/wire/wire.h"

enum schema_type { SCHEMA_FLAG, SCHEMA_NUMBER, SCHEMA_SIZE, SCHEMA_CHOICE, SCHEMA_TEXT };

struct schema_field {
    const char *name;
    enum schema_type type;
    const char *preset;         /* the default, as one would type it */
    int64_t least, most;        /* of a number or size; of a text its length in bytes */
    int64_t advice;             /* above it a warning; 0: none */
    const char *unit;           /* "seconds", or "" */
    const char *const *choices; /* ended by NULL; the value is the index.  A flag has off, on */
    bool ignores_case;          /* of a text: values that differ in case alone are the same */
    bool (*check)(struct span text, struct error *error); /* of a text; NULL: anything printable */
    bool lines;  /* of a text: may have several lines, each ended by a line feed alone */
    bool secret; /* of a text: leaves the daemon only as SCHEMA_MASK */
    const char *help;
};

/* Roles that a change of a table is told to. */
enum schema_readers {
    SCHEMA_SMTP = 1,
    SCHEMA_QUEUE = 2,
    SCHEMA_SCAN = 4,
    SCHEMA_LOG = 8,
    SCHEMA_SPAMD = 16,
    SCHEMA_PEERS = 32
};

enum schema_kind { SCHEMA_SINGLE, SCHEMA_LIST };

enum schema_table_id {
#define TABLE(id, name, kind, readers, help) SCHEMA_##id,
#include "engine/schema/tables.def"
#undef TABLE
    SCHEMA_TABLE_COUNT
};

struct schema_row;

/* What a row of this key has by default, other than the field says. */
struct schema_preset {
    const char *key;
    unsigned field;
    const char *value; /* as one would type it */
};

struct schema_table {
    enum schema_table_id id;
    const char *name;
    enum schema_kind kind;
    unsigned readers;
    const char *help;
    const struct schema_field *fields; /* of a list, the first is the key */
    unsigned field_count;
    const char *const *preset_keys; /* rows that are there by default, ended by NULL: "" for a single table */
    const char *fixed_key;          /* a row that cannot be deleted ("" of a single table); NULL: none */
    const char *rest_key;           /* of the row for all that no other fits: typed in any case; NULL: none */
    bool keys_are_domains;          /* keys are kept in lower case, but for rest_key */
    unsigned most_rows;             /* 0: no limit of its own */
    const struct schema_preset *presets; /* ended by .key == NULL; NULL: none */
    /* Keys are OWNER/REST: OWNER is the key of a row of this table, without which the row cannot be; what is said of keys
     * above is of REST.  NULL: keys stand for themselves. */
    const struct schema_table *owner;
    bool for_cluster;  /* in a cluster set at its level alone */
    bool is_shape;     /* of the cluster: set at its level alone, and by clusterconfig alone */
    bool machine_only; /* another one on each machine: set at no level above */
    /* Whether the fields of one row fit each other; NULL: always. */
    bool (*check_row)(const struct schema_row *row, struct error *error);
    /* Appends what about the row is allowed and unusual; NULL: nothing ever is. */
    void (*doubt_row)(const struct schema_row *row, struct buf *sentence);
    const char *row_noun; /* "policy", "SMTP route": for messages */
};

extern const struct schema_table schema_tables[SCHEMA_TABLE_COUNT];

/* Indexes of the fields: ANTISPAM_TIMEOUT and so on. */
#define FLAG(id, ...) id,
#define NUMBER(id, ...) id,
#define SIZE(id, ...) id,
#define CHOICE(id, ...) id,
#define TEXT(id, ...) id,
#define HOST(id, ...) id,
#define LINES(id, ...) id,
#define SECRET(id, ...) id,
enum gateway_field {
#include "engine/schema/gateway.def"
    GATEWAY_FIELD_COUNT
};
enum antispam_field {
#include "engine/schema/antispam.def"
    ANTISPAM_FIELD_COUNT
};
enum hostaccess_field {
#include "engine/schema/hostaccess.def"
    HOSTACCESS_FIELD_COUNT
};
enum listeners_field {
#include "engine/schema/listeners.def"
    LISTENERS_FIELD_COUNT
};
enum learning_field {
#include "engine/schema/learning.def"
    LEARNING_FIELD_COUNT
};

enum policy_field {
#include "engine/schema/policy.def"
    POLICY_FIELD_COUNT
};
enum rcptaccess_field {
#include "engine/schema/rcptaccess.def"
    RCPTACCESS_FIELD_COUNT
};
enum smtproutes_field {
#include "engine/schema/smtproutes.def"
    SMTPROUTES_FIELD_COUNT
};
enum delivery_field {
#include "engine/schema/delivery.def"
    DELIVERY_FIELD_COUNT
};
enum certificates_field {
#include "engine/schema/certificates.def"
    CERTIFICATES_FIELD_COUNT
};
enum spamquarantine_field {
#include "engine/schema/spamquarantine.def"
    SPAMQUARANTINE_FIELD_COUNT
};
enum alerts_field {
#include "engine/schema/alerts.def"
    ALERTS_FIELD_COUNT
};
enum alert_settings_field {
#include "engine/schema/alert_settings.def"
    ALERT_SETTINGS_FIELD_COUNT
};
enum addresses_field {
#include "engine/schema/addresses.def"
    ADDRESSES_FIELD_COUNT
};
enum logs_field {
#include "engine/schema/logs.def"
    LOGS_FIELD_COUNT
};
enum users_field {
#include "engine/schema/users.def"
    USERS_FIELD_COUNT
};
enum access_field {
#include "engine/schema/access.def"
    ACCESS_FIELD_COUNT
};
enum graymail_field {
#include "engine/schema/graymail.def"
    GRAYMAIL_FIELD_COUNT
};
enum imsandgraymail_field {
#include "engine/schema/imsandgraymail.def"
    IMSANDGRAYMAIL_FIELD_COUNT
};
enum multiscan_field {
#include "engine/schema/multiscan.def"
    MULTISCAN_FIELD_COUNT
};
#define CLUSTER_FIRST_GROUP "Main_Group" /* that a new cluster has */
enum cluster_field {
#include "engine/schema/cluster.def"
    CLUSTER_FIELD_COUNT
};
enum cluster_groups_field {
#include "engine/schema/cluster_groups.def"
    CLUSTER_GROUPS_FIELD_COUNT
};
enum cluster_members_field {
#include "engine/schema/cluster_members.def"
    CLUSTER_MEMBERS_FIELD_COUNT
};
enum incoming_relay_field {
#include "engine/schema/incoming_relay.def"
    INCOMING_RELAY_FIELD_COUNT
};
enum incoming_relays_field {
#include "engine/schema/incoming_relays.def"
    INCOMING_RELAYS_FIELD_COUNT
};
enum portal_registration_field {
#include "engine/schema/portal_registration.def"
    PORTAL_REGISTRATION_FIELD_COUNT
};
enum featurekey_field {
#include "engine/schema/featurekey.def"
    FEATUREKEY_FIELD_COUNT
};
enum spamd_field {
#include "engine/schema/spamd.def"
    SPAMD_FIELD_COUNT
};
enum updates_field {
#include "engine/schema/updates.def"
    UPDATES_FIELD_COUNT
};
#undef FLAG
#undef NUMBER
#undef SIZE
#undef CHOICE
#undef TEXT
#undef HOST
#undef LINES
#undef SECRET

/* What is shown of a secret that is set; as a value in JSON it means: as it is. */
#define SCHEMA_MASK "********"

/* The choices of every action field, in this order. */
enum schema_action { SCHEMA_DELIVER, SCHEMA_DROP, SCHEMA_BOUNCE, SCHEMA_QUARANTINE };
/* The choices of POLICY_APPLY_TO. */
enum policy_apply_to { POLICY_APPLY_TO_ALL, POLICY_APPLY_TO_UNSIGNED };

/* What becomes of mail of one kind: the fields of a policy that all kinds have. */
enum policy_kind {
    POLICY_SPAM,
    POLICY_SUSPECTED,
    POLICY_MARKETING,
    POLICY_SOCIAL,
    POLICY_BULK,
    POLICY_KINDS
};
struct policy_treatment {
    enum policy_field action, subject, header, host, recipient, archive;
};
extern const struct policy_treatment policy_treatments[POLICY_KINDS];

/* The choices of DELIVERY_TLS and LISTENERS_TLS. */
enum schema_tls { SCHEMA_TLS_NONE, SCHEMA_TLS_PREFERRED, SCHEMA_TLS_REQUIRED };
/* Those of SMTPROUTES_TLS: this one, and behind it the others. */
enum { SCHEMA_ROUTE_TLS_DEFAULT };
/* The choices of POLICY_ENGINE. */
enum policy_engine { POLICY_ENGINE_ANTISPAM, POLICY_ENGINE_MULTISCAN };
/* The choices of ANTISPAM_PROFILE. */
enum antispam_profile { ANTISPAM_PROFILE_NORMAL, ANTISPAM_PROFILE_AGGRESSIVE };

/* The choices of LISTENERS_KIND and of RCPTACCESS_ACCESS. */
enum listeners_kind { LISTENERS_PUBLIC, LISTENERS_PRIVATE };
enum rcptaccess_access { RCPTACCESS_ACCEPT, RCPTACCESS_REJECT };
enum { LISTENERS_MAX = 64, ALERTS_MAX = 100 }; /* rows */

/* What alerts are about. */
enum alert_class {
#define CLASS(id, word, name) ALERT_CLASS_##id,
#include "engine/schema/alert_classes.def"
#undef CLASS
    ALERT_CLASS_COUNT
};
/* The choices of ALERTS_SEVERITY: the lower, the worse. */
enum alert_severity { ALERT_CRITICAL, ALERT_WARNING, ALERT_INFORMATION, ALERT_SEVERITY_COUNT };
/* "System" */
const char *schema_alert_class_name(enum alert_class alert_class);
/* The classes of a value of ALERTS_CLASSES as a set of bits; 0 when it is none. */
unsigned schema_alert_classes(struct span text);

/* The choices of LOGS_TYPE; LOGS_LEVEL + 1 is an enum log_level (daemon/log_lines.h). */
enum logs_type { LOGS_MAIL, LOGS_SYSTEM, LOGS_ERROR, LOGS_CLI, LOGS_UPDATER, LOGS_GRAYMAIL, LOGS_TYPE_COUNT };
enum logs_level { LOGS_CRITICAL, LOGS_WARNING }; /* and further ones */
enum { LOGS_MAX = 32 };                          /* rows */

/* The choices of SPAMD_SCALE, and how much its lists hold. */
enum spamd_scale { SPAMD_SCALE_POINTS, SPAMD_SCALE_RAW };
enum { SPAMD_TCP_MAX = 8, SPAMD_CLIENTS_MAX = 64 };

/* The choices of USERS_ROLE. */
enum users_role { USERS_ADMINISTRATOR, USERS_OPERATOR, USERS_TECHNICIAN, USERS_READ_ONLY, USERS_GUEST };
enum { USERS_MAX = 1000 }; /* rows */

const struct schema_table *schema_table_find(const char *name);
/* The index of the field, or -1. */
int schema_field_find(const struct schema_table *table, const char *name);
/* A number that differs when tables or fields differ: shell and daemon must agree on it. */
uint64_t schema_fingerprint(void);

/* ---- values ---- */

struct schema_value {
    int64_t number;   /* flag 0 or 1, number, size in bytes, index of the choice */
    struct span text; /* of a text field */
};

/* Reads what a person typed.  A text may live on in `text`.  An error names field, value and what would be right. */
bool schema_value_parse(const struct schema_field *field, struct span text, struct schema_value *value,
                        struct error *error);
/* The same check for a value that came as a number or text already (JSON, wire). */
bool schema_value_check(const struct schema_field *field, const struct schema_value *value,
                        struct error *error);
/* Appends the form that schema_value_parse() takes: "on", "60", "512K", "quarantine", the text; of a secret the mask. */
void schema_value_print(const struct schema_field *field, const struct schema_value *value, struct buf *out);
bool schema_value_equal(const struct schema_field *field, const struct schema_value *a,
                        const struct schema_value *b);
/* Appends what would be right: "a whole number from 1 to 120 seconds", "normal or aggressive", ...; for errors and
 * help. */
void schema_field_describe(const struct schema_field *field, struct buf *out);
/* Appends the placeholder of a usage line: "1..120", "SIZE", "normal|aggressive", "TEXT". */
void schema_field_usage(const struct schema_field *field, struct buf *out);
/* True, and a sentence in out, when the value is allowed but above the advice limit. */
bool schema_value_warning(const struct schema_field *field, const struct schema_value *value,
                          struct buf *out);

/* ---- rows: immutable, counted references ---- */

struct schema_row {
    unsigned references;
    const struct schema_table *table;
    struct schema_value values[]; /* field_count; texts live in the row's own memory */
};

/* A row of these values (field_count of them; texts are copied, a list's key is folded).  Values must have been
 * checked. */
struct schema_row *schema_row_new(const struct schema_table *table, const struct schema_value *values);
/* All defaults, those of this key included. */
struct schema_row *schema_row_preset(const struct schema_table *table, struct span key);
struct schema_row *schema_row_ref(const struct schema_row *row);
void schema_row_unref(const struct schema_row *row);

static inline int64_t schema_row_number(const struct schema_row *row, unsigned field)
{
    return row->values[field].number;
}
static inline struct span schema_row_text(const struct schema_row *row, unsigned field)
{
    return row->values[field].text;
}
/* Empty for a single table. */
struct span schema_row_key(const struct schema_row *row);
/* The form in which keys are stored and compared: lower case for domains, as typed for names, DEFAULT and ALL in
 * capitals; in arena. */
struct span schema_key_fold(const struct schema_table *table, struct span key, struct arena *arena);
/* The owner in a key of a table that has one. */
struct span schema_key_owner(struct span key);
bool schema_row_equal(const struct schema_row *a, const struct schema_row *b);
/* The same where either may be NULL, which is equal to itself alone. */
bool schema_row_same(const struct schema_row *a, const struct schema_row *b);
bool schema_row_has_default(const struct schema_row *row, unsigned field);
/* Whether one of the fields from first to last differs from before; NULL: from the default. */
bool schema_row_differs(const struct schema_row *before, const struct schema_row *row, unsigned first,
                        unsigned last);
/* Warns, with a sentence, of each value above its advice limit that differs from before (NULL: there was no row), and of
 * what is unusual about a row that differs. */
void schema_row_warn(const struct schema_row *before, const struct schema_row *after,
                     void (*warn)(const char *sentence, void *context), void *context);

/* Between roles. */
void schema_row_put(struct buf *out, const struct schema_row *row);
/* NULL (and the reader failed) when it is not well-formed; every value is checked, and whether they fit each other. */
struct schema_row *schema_row_get(struct wire_reader *in, const struct schema_table *table);

/* Appends the row as canonical JSON: an object with sorted keys, compact, flags as true and false, numbers as
 * integers, choices as words, every field.  Secrets stand there as they are: this is the form of the store. */
void schema_row_put_json(struct buf *out, const struct schema_row *row);

/* ---- checks named in the .def files (*_checks.c); an error says what would be right ---- */

bool schema_check_name(struct span text, struct error *error);    /* [A-Za-z0-9_.-]+ */
bool schema_check_account(struct span text, struct error *error); /* of this machine */
bool schema_check_subject(struct span text,
                          struct error *error); /* none, prepend:TEXT, append:TEXT; US-ASCII */
bool schema_check_header(struct span text, struct error *error); /* "" or NAME: VALUE (RFC 5322) */
/* A name of letters, digits, '-' and '_' in labels, not an address; or empty. */
bool schema_check_host_name(struct span text, struct error *error);
bool schema_check_route_domain(struct span text, struct error *error); /* domain, .domain, ALL */
bool schema_check_destination(struct span text, struct error *error);
bool schema_check_next_host(struct span text, struct error *error); /* "" or a destination without a port */
bool schema_check_mailbox(struct span text, struct error *error);   /* "" or user@domain (RFC 5321) */
/* An address as it is usually written, so that one address is one text. */
bool schema_check_address(struct span text, struct error *error);
bool schema_check_address_range(struct span text, struct error *error); /* smtp_address_range_parse() */
bool schema_check_header_name(struct span text, struct error *error);   /* "", NAME or NAME: */
/* Without the colon that may be there. */
struct span schema_header_name(struct span text);
bool schema_check_registration_id(struct span text, struct error *error); /* "" or [A-Za-z0-9._-]+ */
bool schema_check_recipient(struct span text, struct error *error); /* LISTENER/ and what rcptaccess takes */
bool schema_check_host(struct span text, struct error *error);      /* LISTENER/ADDRESS[/BITS] */
bool schema_check_plain_mailbox(struct span text, struct error *error); /* user@domain, without quotes */
bool schema_check_alert_classes(struct span text, struct error *error);
/* ADDRESS or NAME <ADDRESS> (RFC 5322 3.4); the domain of the address may be $hostname. */
bool schema_check_from(struct span text, struct error *error);
/* Appends such a text with the name of this gateway in place of $hostname. */
void schema_from_put(struct buf *out, struct span from, struct span hostname);
bool schema_check_certificate(struct span text, struct error *error);   /* PEM blocks of certificates */
bool schema_check_certificates(struct span text, struct error *error);  /* the same, or "" */
bool schema_check_update_server(struct span text, struct error *error); /* "" or https://HOST[:PORT]/... */
bool schema_check_proxy(struct span text, struct error *error);         /* "" or http://HOST:PORT */
bool schema_check_private_key(struct span text, struct error *error);   /* one PEM block, not encrypted */
bool schema_check_log_name(struct span text, struct error *error);      /* of a folder: [a-z][a-z0-9_-]* */
bool schema_check_syslog(struct span text, struct error *error);
/* The next PEM block (RFC 7468) of *text, which moves behind it; the label is "CERTIFICATE" or the like, the block has
 * both boundary lines but no line feed at its end.  False at the end, or when a block has none. */
bool schema_pem_next(struct span *text, struct span *label, struct span *block);

bool schema_check_networks(struct span text, struct error *error);
bool schema_check_sockets(struct span text, struct error *error);

/* Elements of such lists, one after the other; *list moves on. */
enum schema_next { SCHEMA_NEXT_GOOD, SCHEMA_NEXT_WRONG, SCHEMA_NEXT_END };
struct schema_network {
    bool is_v6;
    unsigned char bytes[16]; /* 4 of IPv4 */
    unsigned bits;           /* of the address that count */
};
enum schema_next schema_network_next(struct span *list, struct schema_network *network);
/* address: 4 bytes, or 16. */
bool schema_network_has(const struct schema_network *network, bool is_v6, const unsigned char *address);
struct schema_socket {
    struct span address; /* without brackets; points into the list */
    uint16_t port;       /* 0: one from the kernel */
};
enum schema_next schema_socket_next(struct span *list, struct schema_socket *at);

/* Where a destination of smtproutes leads; spans point into text. */
struct schema_destination {
    bool use_dns; /* USEDNS: the MX records of the recipient's domain */
    bool direct;  /* an address or [HOST]: no MX look-up */
    struct span host;
    uint16_t port;
};
bool schema_destination_parse(struct span text, struct schema_destination *destination, struct error *error);

/* Where the field syslog of a log leads; the span points into text. */
struct schema_syslog {
    enum { SYSLOG_NONE, SYSLOG_LOCAL, SYSLOG_UDP } kind;
    struct span address; /* without brackets */
    uint16_t port;
};
bool schema_syslog_parse(struct span text, struct schema_syslog *syslog, struct error *error);

/* Where another engine answers; the span points into text. */
struct schema_peer {
    enum { SCHEMA_PEER_OFF, SCHEMA_PEER_TCP, SCHEMA_PEER_UNIX } kind;
    struct span address; /* without brackets, localhost as 127.0.0.1; or a path */
    uint16_t port;
};
bool schema_rspamd_parse(struct span text, struct schema_peer *peer, struct error *error);
bool schema_spamd_parse(struct span text, struct schema_peer *peer, struct error *error);
bool schema_check_rspamd(struct span text, struct error *error);
bool schema_check_spamd(struct span text, struct error *error);

#endif
