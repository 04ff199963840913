/* The table of methods. */
#include "daemon/control/methods.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "daemon/control/log_query.h"
#include "daemon/control/status.h"

static void call_version(uint64_t session, json_t *request)
{
    (void)request;
    session_end(session, API_DONE, NULL,
                json_pack("{s:s,s:s}", "product", "mailward", "version", PACKAGE_VERSION));
}

static void call_status(uint64_t session, json_t *request)
{
    (void)request;
    status_ask(session);
}

static const struct method {
    const char *name;
    void (*call)(uint64_t session, json_t *request);
} methods[] = {
    {"grep", log_query_grep},
    {"status", call_status},
    {"tail", log_query_tail},
    {"version", call_version},
};

void method_call(struct session *s, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "method"));
    for (size_t i = 0; name && i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].name, name) == 0) {
            methods[i].call(session_id(s), request);
            return;
        }
    }
    session_end(session_id(s), API_USAGE, "unknown method", NULL);
}
