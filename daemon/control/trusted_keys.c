/* The shipped folder of keys, or the one that the setting trust.folder names. */
#include "daemon/control/trusted_keys.h"

#include "daemon/log_lines.h"
#include "daemon/paths.h"
#include "daemon/role.h"

static struct trust_store *store;
static struct error trouble;

void trusted_keys_start(void)
{
    const char *named = role_settings()->trust_folder;
    store = trust_store_load(named[0] ? named : paths_find("trusted-keys", PKG_DATA_DIR), &trouble);
    if (store)
        return;
    LOG(KEYS_UNREADABLE, LOG_T(trouble.text));
    store = trust_store_empty();
}

const struct trust_store *trusted_keys(void)
{
    return store;
}

const char *trusted_keys_trouble(void)
{
    return trouble.text;
}
