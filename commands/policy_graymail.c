/* The graymail block of a mail policy: what becomes of marketing mail, of mail of social networks and of bulk mail. */
#include "commands/policyconfig.h"

/* Only mail from outside has links that our own users would follow. */
static bool is_incoming(const struct answers *a)
{
    return a->table->id == SCHEMA_INCOMING_POLICY;
}

#define CONDITIONS(ID, name)                                                                                 \
    static bool name##_goes_on(const struct answers *a)                                                      \
    {                                                                                                        \
        return policy_goes_on(a, POLICY_##ID);                                                               \
    }                                                                                                        \
    static bool name##_may_have_host(const struct answers *a)                                                \
    {                                                                                                        \
        return policy_may_have_host(a, POLICY_##ID);                                                         \
    }
CONDITIONS(MARKETING, marketing)
CONDITIONS(SOCIAL, social)
CONDITIONS(BULK, bulk)

/* The questions about a category, in the order of those about spam. */
#define CATEGORY(ID, name, mail)                                                                             \
    {.field = POLICY_##ID##_ACTION, .question = "What should be done with " mail "?"},                       \
        {.field = POLICY_##ID##_ARCHIVE, .question = "Would you like to archive " mail "?"},                 \
        {.field = POLICY_##ID##_HOST,                                                                        \
         .question = "Would you like to send " mail " to an alternate host?",                                \
         .when = name##_may_have_host,                                                                       \
         .ask = policy_ask_host},                                                                            \
        {.field = POLICY_##ID##_SUBJECT,                                                                     \
         .question = "How should the subject of " mail " be changed?",                                       \
         .when = name##_goes_on,                                                                             \
         .ask = policy_ask_subject},                                                                         \
        {.field = POLICY_##ID##_HEADER,                                                                      \
         .question = "Would you like to add a header to " mail "?",                                          \
         .when = name##_goes_on,                                                                             \
         .ask = policy_ask_header},                                                                          \
    {                                                                                                        \
        .field = POLICY_##ID##_RECIPIENT,                                                                    \
        .question = "Would you like to send " mail " to an alternate recipient?", .when = name##_goes_on,    \
        .ask = policy_ask_recipient                                                                          \
    }

static const struct step steps[] = {
    {.field = POLICY_GRAYMAIL,
     .question = "Would you like to look for graymail under this policy?",
     .flags = STEP_POSITIONAL | STEP_YES_NO},
    /* from here on: policy_graymail_details */
    {.field = POLICY_SAFE_UNSUBSCRIBE,
     .question = "Would you like to use Safe Unsubscribe under this policy?",
     .flags = STEP_YES_NO,
     .when = is_incoming},
    {.field = POLICY_APPLY_TO, .question = "Which messages should be looked at for graymail?"},
    CATEGORY(MARKETING, marketing, "marketing mail"),
    CATEGORY(SOCIAL, social, "mail of social networks"),
    CATEGORY(BULK, bulk, "bulk mail"),
};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

const struct form policy_graymail_form = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps, .step_count = STEP_COUNT};
const struct form policy_graymail_details = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps + 1, .step_count = STEP_COUNT - 1};
