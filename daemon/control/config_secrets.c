/* Keys of configuration files. */
#include "daemon/control/config_secrets.h"

#include <string.h>

#include "daemon/control/methods.h"
#include "engine/config/xml.h"

/* A known text under the key: whoever has another one is told so. */
static const char check_text[] = "mailward configuration", check_place[] = "config_encryption/check";

bool config_secrets_begin(struct config_secrets *s, const char *passphrase, struct error *error)
{
    s->of_machine = passphrase == NULL;
    if (s->of_machine)
        return secret_key_of_machine(&s->key, error);
    return (secret_salt_make(s->salt) || error_set(error, "no random bytes for a salt")) &&
           secret_key_of_passphrase(&s->key, span_text(passphrase), s->salt, error);
}

static bool get_salt(struct config_secrets *s, const json_t *said, struct error *error)
{
    struct buf salt = {0};
    const char *text = member_text(said, "salt");
    bool good = text && secret_base64_get(&salt, span_text(text)) && salt.len == sizeof s->salt;
    if (good)
        memcpy(s->salt, salt.data, sizeof s->salt);
    buf_free(&salt);
    return good || error_set(error, "salt: this is not BASE64 of %d bytes", SECRET_SALT_BYTES);
}

static bool find_key(struct config_secrets *s, const json_t *said, struct error *error)
{
    const char *passphrase = member_text(said, "passphrase");
    if (s->of_machine)
        return secret_key_of_machine(&s->key, error);
    if (!passphrase)
        return error_set(error,
                         "the secrets in this file are encrypted with a passphrase, which must be given");
    return get_salt(s, said, error) &&
           secret_key_of_passphrase(&s->key, span_text(passphrase), s->salt, error);
}

bool config_secrets_find(struct config_secrets *s, const json_t *said, struct error *error)
{
    const char *kind = member_text(said, "key"), *check = member_text(said, "check");
    struct buf text = {0};
    s->of_machine = kind && strcmp(kind, "machine") == 0;
    if (!s->of_machine && (!kind || strcmp(kind, "passphrase") != 0))
        return error_set(error, "key: '%.20s' is not machine or passphrase", kind ? kind : "");
    if (!find_key(s, said, error))
        return false;
    bool good = secret_unseal(&s->key, span_text(check_place), span_text(check ? check : ""), &text);
    buf_free(&text);
    if (good)
        return true;
    return error_set(
        error, s->of_machine ? "the secrets in this file are encrypted with the key of another machine: save "
                               "it there with a passphrase"
                             : "this is not the passphrase that the secrets in this file are encrypted with");
}

bool config_secrets_put(const struct config_secrets *s, struct buf *out)
{
    struct buf text = {0};
    config_xml_put_banner(out, "key of the secrets in this file");
    buf_append_span(out, SPAN("  <config_encryption>\n"));
    config_xml_put(out, 4, "key", s->of_machine ? SPAN("machine") : SPAN("passphrase"));
    if (!s->of_machine) {
        secret_base64_put(&text, span_of(s->salt, sizeof s->salt));
        config_xml_put(out, 4, "salt", buf_span(&text));
        buf_clear(&text);
    }
    bool good = secret_seal(&s->key, span_text(check_place), span_text(check_text), &text);
    config_xml_put(out, 4, "check", buf_span(&text));
    buf_append_span(out, SPAN("  </config_encryption>\n\n"));
    buf_free(&text);
    return good;
}

static void put_place(struct buf *out, const struct schema_table *table, const struct schema_field *field)
{
    buf_printf(out, "%s/%s", table->name, field->name);
}

bool config_secrets_seal(const struct config_secrets *s, const struct schema_table *table,
                         const struct schema_field *field, struct span text, struct buf *out)
{
    struct buf place = {0};
    put_place(&place, table, field);
    bool good = secret_seal(&s->key, buf_span(&place), text, out);
    buf_free(&place);
    return good;
}

bool config_secrets_unseal(const struct config_secrets *s, const struct schema_table *table,
                           const struct schema_field *field, struct span sealed, struct buf *out)
{
    struct buf place = {0};
    put_place(&place, table, field);
    bool good = secret_unseal(&s->key, buf_span(&place), sealed, out);
    buf_free(&place);
    return good;
}
