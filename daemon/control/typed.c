/* Lines that were typed. */
#include "daemon/control/typed.h"

#include "daemon/control/methods.h"
#include "daemon/log_lines.h"

static const struct member typed_members[] = {{"typed", MEMBER_LIST, false, 0, API_TYPED_MAX}, {0}};
static const struct member line_members[] = {{"line", MEMBER_TEXT, true, 0, API_TYPED_BYTES_MAX},
                                             {"prompt", MEMBER_TEXT, true, 0, API_TYPED_BYTES_MAX},
                                             {0}};

static bool check(const json_t *typed, struct error *error)
{
    size_t i;
    json_t *line;
    json_t *alone = json_pack("{s:O}", "typed", typed);
    bool good = members_check(typed_members, alone, error);
    json_decref(alone);
    json_array_foreach(typed, i, line)
    {
        if (!good || !json_is_object(line))
            return good && error_set(error, "an element of 'typed' must be an object");
        good = members_check(line_members, line, error);
    }
    return good;
}

static struct span member_span(const json_t *object, const char *member)
{
    const json_t *text = json_object_get(object, member);
    return span_of(json_string_value(text), json_string_length(text));
}

bool typed_log(const struct session_info *session, const char *method, json_t *request, struct error *error)
{
    const json_t *typed = json_object_get(request, "typed");
    const struct log_arg pid = LOG_U((uint64_t)session->pid), user = LOG_T(session->account.user);
    size_t i;
    json_t *line;
    if (typed && !check(typed, error))
        return false;
    LOG(CLI_REQUEST, pid, LOG_U(session->id), LOG_T(method));
    if (!typed)
        LOG(CLI_CALLED, pid, user, LOG_T(method));
    json_array_foreach(typed, i, line)
    {
        LOG(CLI_TYPED, pid, user, LOG_S(member_span(line, "line")), LOG_S(member_span(line, "prompt")));
    }
    json_object_del(request, "typed");
    return true;
}
