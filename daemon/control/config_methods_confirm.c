/* config.confirm: the answer to a commit that waits for one. */
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/confirmation.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/control/roll_back.h"

json_t *config_confirmation_json(void)
{
    const struct confirmation *pending = confirmation_pending();
    if (!pending)
        return json_null();
    char notice[ROLL_BACK_NOTICE_MAX];
    roll_back_notice(notice);
    return json_pack("{s:I,s:I,s:o,s:I,s:I,s:s}", "revision", (json_int_t)pending->revision, "base",
                     (json_int_t)pending->base, "author", config_text_json(head_manifest()->author),
                     "deadline", (json_int_t)pending->deadline, "left",
                     (json_int_t)(confirmation_left() / 1000000), "notice", notice);
}

static void accept_pending(struct session_info *info)
{
    struct error error;
    char notice[ROLL_BACK_NOTICE_MAX];
    uint64_t revision = confirmation_pending()->revision;
    if (!confirmation_accept(info->account.user, info->from, &error)) {
        session_fail(info->id, API_ERROR_FAILED, "%s", error.text);
        return;
    }
    snprintf(notice, sizeof notice, "Revision %llu was confirmed by %s", (unsigned long long)revision,
             info->account.user);
    session_notice(info->id, notice);
    session_done(info->id, json_pack("{s:I}", "revision", (json_int_t)revision));
}

/* Going back is a change, too. */
static bool may_reject(const struct session_info *info)
{
    struct error error;
    struct config_tree *base = head_load_tree(confirmation_pending()->base, &error);
    const struct schema_table *forbidden = base ? config_forbidden(info->role, head_tree(), base) : NULL;
    if (!base)
        session_fail(info->id, API_ERROR_FAILED, "%s", error.text);
    else if (forbidden)
        session_fail(info->id, API_ERROR_REFUSED, "the role %s may not change %s back",
                     permit_role_name(info->role), forbidden->name);
    if (base)
        config_tree_unref(base);
    return base && !forbidden;
}

static void on_rejected(void *context, const struct commit_result *result)
{
    uint64_t session = (uintptr_t)context;
    if (result->manifest)
        session_done(session, json_pack("{s:I,s:I,s:I}", "revision", (json_int_t)result->manifest->revision,
                                        "time", (json_int_t)result->manifest->time, "rollback_of",
                                        (json_int_t)result->manifest->rollback_of));
    else
        session_fail(session, result->error, "%s", result->text ? result->text : "");
}

void config_confirm(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    const char *operation = member_text(request, "operation");
    if (strcmp(operation, "status") == 0) {
        session_done(session, json_pack("{s:o}", "confirmation", config_confirmation_json()));
    } else if (strcmp(operation, "accept") != 0 && strcmp(operation, "reject") != 0) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "accept, reject or status, not '%s'", operation);
    } else if (!confirmation_pending()) {
        session_fail(session, API_ERROR_WRONG_STATE, "no revision waits for a confirmation");
    } else if (roll_back_is_under_way()) {
        session_fail(session, API_ERROR_WRONG_STATE, "too late: the revision is being undone");
    } else if (strcmp(operation, "accept") == 0) {
        accept_pending(info);
    } else if (may_reject(info)) {
        roll_back_now(info->account.user, info->from,
                      &(struct commit_handler){.done = on_rejected, .context = (void *)(uintptr_t)session});
    }
}
