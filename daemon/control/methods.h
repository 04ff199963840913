/* The methods of the control socket: one table row each. */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

#include <jansson.h>

#include "daemon/control/session.h"
#include "engine/base/error.h"

enum member_type { MEMBER_TEXT, MEMBER_FLAG, MEMBER_NUMBER, MEMBER_LIST, MEMBER_OBJECT };

/* A member that a request may have besides "method", "pipeline" and "typed". */
struct member {
    const char *name;
    enum member_type type;
    bool required;
    json_int_t least, most; /* of a number, of a text its bytes, of a list its elements */
};

struct method {
    const char *name;
    /* Called only with members that the table allows; answers through session.h, now or later. */
    void (*call)(uint64_t session, json_t *request);
    const struct member *members; /* ended by .name == NULL */
};

/* Ended by .name == NULL. */
extern const struct method methods[];

/* Checks a request against table and permissions, and runs its method. */
void method_call(struct session_info *session, json_t *request);

/* The text that is a member of object; NULL: none, or no text. */
const char *member_text(const json_t *object, const char *member);

/* Whether the members of object are what the table says; an error names the wrong one. */
bool members_check(const struct member *members, json_t *object, struct error *error);

#endif
