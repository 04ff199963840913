/* features, feature.activate and feature.check: what the shell asks about feature keys. */
#include "daemon/control/audit.h"
#include "daemon/control/feature_keys.h"
#include "daemon/control/methods.h"
#include "daemon/control/session.h"
#include "engine/base/buf.h"

void feature_list(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, json_pack("{s:o}", "features", feature_keys_json()));
}

void feature_activate(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    struct buf line = {0};
    struct error error;
    const char *name;
    bool is_new;
    buf_append_span(&line, span_text(member_text(request, "text")));
    feature_key_clean(&line);
    bool good = feature_keys_activate(buf_span(&line), info->account.user, &name, &is_new, &error);
    if (!good || is_new)
        audit_write(info->account.user, info->from, "feature.activate", good ? name : error.text,
                    good ? API_DONE : API_USAGE);
    if (good)
        session_done(session, json_pack("{s:s}", "feature", name));
    else
        session_fail(session, API_ERROR_INVALID_VALUE, "%s", error.text);
    buf_free(&line);
}

void feature_check(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, json_pack("{s:o}", "found", feature_files_look()));
}
