/* What configuration files and the control socket say of the key that their secrets are encrypted with. */
#ifndef CONTROL_CONFIG_SECRETS_H
#define CONTROL_CONFIG_SECRETS_H

#include <jansson.h>

#include "daemon/control/secret_key.h"
#include "engine/schema/schema.h"

enum { PASSPHRASE_BYTES_MAX = 1000 };

struct config_secrets {
    struct secret_key key;
    bool of_machine;
    unsigned char salt[SECRET_SALT_BYTES]; /* of a passphrase */
};

/* A new key for a file: from the passphrase, or the machine's (NULL). */
bool config_secrets_begin(struct config_secrets *s, const char *passphrase, struct error *error);
/* The key of a file, from the object {"key","salt","check","passphrase"} that repeats the file's element. */
bool config_secrets_find(struct config_secrets *s, const json_t *said, struct error *error);
/* Appends the element that says which key it is, and by which a wrong one is noticed. */
bool config_secrets_put(const struct config_secrets *s, struct buf *out);

bool config_secrets_seal(const struct config_secrets *s, const struct schema_table *table,
                         const struct schema_field *field, struct span text, struct buf *out);
bool config_secrets_unseal(const struct config_secrets *s, const struct schema_table *table,
                           const struct schema_field *field, struct span sealed, struct buf *out);

#endif
