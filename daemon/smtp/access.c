/* Who may send to whom. */
#include "daemon/smtp/access.h"

#include "daemon/role.h"
#include "daemon/route.h"
#include "engine/smtp/access_list.h"

static struct smtp_network_list *relays;

bool access_init(struct error *error)
{
    struct error wrong;
    relays = smtp_network_list_new(span_text(role_settings()->relay_addresses), &wrong);
    return relays || error_set(error, "smtp.relay-addresses: %s", wrong.text);
}

struct span access_relay_entry(const struct sockaddr *client)
{
    return smtp_network_list_match(relays, client);
}

/* user%other.example@here and its kin: a next hop that trusts us could take them for a route. */
static bool hides_a_route(struct span local)
{
    return span_find(local, '%') < local.n || span_find(local, '!') < local.n ||
           span_find(local, '@') < local.n;
}

static bool is_local(const struct smtp_mailbox *recipient)
{
    struct span domains = span_text(role_settings()->local_domains);
    if (recipient->domain.n == 0) /* <postmaster>, RFC 5321 4.5.1 */
        return true;
    if (span_equal(span_trim(domains), SPAN("*")))
        return true;
    return smtp_domain_list_match(domains, recipient->domain) && !hides_a_route(recipient->local);
}

enum smtp_answer access_check_recipient(bool may_relay, const struct smtp_mailbox *recipient)
{
    if (!may_relay && !is_local(recipient))
        return SMTP_ANSWER_RELAYING_DENIED;
    struct route route;
    return route_find(role_config()->tables[SCHEMA_SMTPROUTES], recipient->text, role_settings()->route,
                      &route)
               ? SMTP_ANSWER_NONE
               : SMTP_ANSWER_NO_ROUTE;
}
