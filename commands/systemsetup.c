/* systemsetup: what a new gateway needs, in one go: its name, where mail comes in, for which domains, where it goes, which engine
 * judges it, and who is told of trouble.
 *
 * Every answer is an edit of the tables that other commands edit; the command ends with what would change.
 */
#include <string.h>

#include "commands/command.h"
#include "commands/ui.h"

enum question { HOST_NAME, LISTENER, DOMAINS, NEXT_HOP, ENGINE, ALERTS, QUESTION_COUNT };

/* option: of the batch line, with what stands for its value. */
static const struct {
    const char *option, *value, *ask;
} questions[QUESTION_COUNT] = {
    [HOST_NAME] = {"hostname", "NAME", "Enter the fully qualified host name of this gateway:"},
    [LISTENER] = {"listener", "ADDRESS:PORT",
                  "Enter address and port on which mail comes in, as ADDRESS:PORT:"},
    [DOMAINS] = {"domains", "DOMAIN,...",
                 "Enter the domains for which this gateway takes mail, separated by commas:"},
    [NEXT_HOP] = {"next-hop", "HOST[:PORT]", "Enter the host that mail for these domains goes to:"},
    [ENGINE] = {"engine", "antispam|multiscan|none",
                "Enter the engine that judges mail: antispam, multiscan or none. The other one can be "
                "enabled later:"},
    [ALERTS] = {"alerts", "ADDRESS", "Enter the address that is told of trouble:"},
};

/* What was answered; empty: stays as it is. */
struct setup_answers {
    struct buf text[QUESTION_COUNT];
};

/* ---- edits ---- */

/* fields is taken over; a single table has no key. */
static void add(json_t *edits, const char *table, const char *verb, struct span key, json_t *fields)
{
    json_t *edit = json_pack("{s:s,s:s,s:o}", "table", table, "verb", verb, "fields", fields);
    if (key.n)
        json_object_set_new(edit, "key", json_stringn(key.p, key.n));
    json_array_append_new(edits, edit);
}

/* The port is behind the last colon: addresses have colons, too. */
static bool add_listener(json_t *edits, struct span place)
{
    size_t colon = place.n;
    while (colon > 0 && place.p[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return false;
    struct span address = span_slice(place, 0, colon - 1), port = span_slice(place, colon, place.n);
    if (address.p[0] == '[' && address.p[address.n - 1] == ']')
        address = span_slice(address, 1, address.n - 2);
    add(edits, "listeners", "put", SPAN("public"),
        json_pack("{s:s%,s:s%}", "address", address.p, address.n, "port", port.p, port.n));
    return true;
}

static void add_domain(json_t *edits, struct span domain, struct span next_hop)
{
    struct buf key = {0};
    buf_printf(&key, "public/%.*s", (int)domain.n, domain.p);
    add(edits, "rcptaccess", "put", buf_span(&key), json_pack("{s:s}", "access", "accept"));
    if (next_hop.n)
        add(edits, "smtproutes", "put", domain, json_pack("{s:s%}", "destination", next_hop.p, next_hop.n));
    buf_free(&key);
}

static size_t add_domains(json_t *edits, struct span domains, struct span next_hop)
{
    size_t count = 0;
    while (domains.n) {
        size_t end = span_find(domains, ',');
        struct span domain = span_trim(span_slice(domains, 0, end));
        domains = span_slice(domains, end + 1, domains.n);
        if (domain.n)
            add_domain(edits, domain, next_hop);
        count += domain.n > 0;
    }
    return count;
}

/* One engine, never both; it is on in the default incoming policy (S2-53, S2-179). */
static bool add_engine(json_t *edits, struct span engine)
{
    bool none = span_equal_nocase(engine, SPAN("none"));
    bool multiscan = span_equal_nocase(engine, SPAN("multiscan"));
    if (!none && !multiscan && !span_equal_nocase(engine, SPAN("antispam")))
        return false;
    if (none) {
        add(edits, "antispam", "edit", SPAN(""), json_pack("{s:b}", "enabled", 0));
        add(edits, "multiscan", "edit", SPAN(""), json_pack("{s:b}", "enabled", 0));
        return true;
    }
    add(edits, multiscan ? "multiscan" : "antispam", "edit", SPAN(""),
        json_pack("{s:b,s:b}", "enabled", 1, "licence-accepted", 1));
    add(edits, "incoming-policy", "edit", SPAN("DEFAULT"),
        json_pack("{s:s,s:s}", "antispam", "on", "engine", multiscan ? "multiscan" : "antispam"));
    return true;
}

static enum api_status wrong(struct shell *sh, enum question q)
{
    return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s: give %s", questions[q].option, questions[q].value);
}

static enum api_status add_all(struct shell *sh, const struct setup_answers *a, json_t *edits)
{
    struct span said[QUESTION_COUNT];
    for (size_t q = 0; q < QUESTION_COUNT; q++)
        said[q] = span_trim(buf_span(&a->text[q]));
    if (said[HOST_NAME].n)
        add(edits, "gateway", "edit", SPAN(""),
            json_pack("{s:s%}", "hostname", said[HOST_NAME].p, said[HOST_NAME].n));
    if (said[LISTENER].n && !add_listener(edits, said[LISTENER]))
        return wrong(sh, LISTENER);
    if (add_domains(edits, said[DOMAINS], said[NEXT_HOP]) == 0 && said[NEXT_HOP].n)
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "next-hop is of the domains, and there are none");
    if (said[ENGINE].n && !add_engine(edits, said[ENGINE]))
        return wrong(sh, ENGINE);
    if (said[ALERTS].n)
        add(edits, "alerts", "put", said[ALERTS], json_object());
    return API_DONE;
}

static enum api_status set_up(struct shell *sh, struct setup_answers *a)
{
    json_t *edits = json_array();
    enum api_status status = add_all(sh, a, edits);
    if (status == API_DONE && json_array_size(edits))
        status = shell_call(sh, json_pack("{s:s,s:O}", "method", "config.edit", "edits", edits), NULL);
    json_decref(edits);
    for (size_t q = 0; q < QUESTION_COUNT; q++)
        buf_free(&a->text[q]);
    return status == API_DONE ? command_showchanges.run(sh, 0, NULL) : status;
}

/* ---- batch ---- */

static bool take_option(struct setup_answers *a, const char *arg)
{
    for (size_t q = 0; q < QUESTION_COUNT; q++) {
        size_t length = strlen(questions[q].option);
        if (strncmp(arg, "--", 2) != 0 || strncmp(arg + 2, questions[q].option, length) != 0 ||
            arg[2 + length] != '=')
            continue;
        buf_clear(&a->text[q]);
        buf_append_span(&a->text[q], span_text(arg + 3 + length));
        return true;
    }
    return false;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct setup_answers a = {0};
    for (int i = 0; i < arg_count; i++) {
        if (take_option(&a, args[i]))
            continue;
        for (size_t q = 0; q < QUESTION_COUNT; q++)
            buf_free(&a.text[q]);
        return command_usage_error(sh, &command_systemsetup, "'%s'", args[i]);
    }
    return set_up(sh, &a);
}

/* ---- the dialogue ---- */

/* Domains have a next hop, machines a name. */
static bool is_asked(struct shell *sh, const struct setup_answers *a, enum question q)
{
    bool is_machine = !shell_cluster(sh)[0] || strncmp(shell_level(sh), "machine/", 8) == 0;
    return q == NEXT_HOP ? a->text[DOMAINS].len > 0 : q == HOST_NAME ? is_machine : true;
}

static enum ui_result ask_all(struct shell *sh, struct setup_answers *a)
{
    enum ui_result result = UI_DONE;
    for (size_t q = 0; q < QUESTION_COUNT && result == UI_DONE; q++)
        if (is_asked(sh, a, (enum question)q))
            result = ui_ask(sh, questions[q].ask, "", &a->text[q]);
    return result;
}

static bool accepts_licence(struct shell *sh, const struct setup_answers *a, enum ui_result *result)
{
    bool yes = true;
    if (a->text[ENGINE].len && !span_equal_nocase(span_trim(buf_span(&a->text[ENGINE])), SPAN("none")))
        *result = ui_confirm(sh,
                             "The engine comes under the project's licence, without any warranty.\n"
                             "Do you accept the license agreement?",
                             false, &yes);
    return yes;
}

static enum api_status dialogue(struct shell *sh)
{
    struct setup_answers a = {0};
    if (shell_is_interactive(sh))
        out_text(sh,
                 "\nThis gateway is %s.\n"
                 "An empty answer leaves things as they are. Nothing takes effect before a commit.\n",
                 shell_hostname(sh));
    enum ui_result result = ask_all(sh, &a);
    if (result == UI_DONE && !accepts_licence(sh, &a, &result))
        buf_clear(&a.text[ENGINE]);
    if (result == UI_DONE)
        return set_up(sh, &a);
    for (size_t q = 0; q < QUESTION_COUNT; q++)
        buf_free(&a.text[q]);
    return ui_status(sh, result);
}

const struct command command_systemsetup = {
    .name = "systemsetup",
    .summary = "set up what a new gateway needs",
    .flags = COMMAND_CONFIG,
    .usage = "[--hostname=NAME] [--listener=ADDRESS:PORT] [--domains=DOMAIN,...] [--next-hop=HOST[:PORT]] "
             "[--engine=antispam|multiscan|none] [--alerts=ADDRESS]",
    .details =
        "The name of this gateway, the public listener, domains that it takes mail for besides those that it "
        "has, where their mail "
        "goes,\n"
        "the engine of the default incoming policy (its licence is accepted thereby), and who gets alerts.\n"
        "What is left out stays as it is. Ends with what would change; commit makes it active.\n",
    .least_args = 1,
    .most_args = QUESTION_COUNT,
    .run = run,
    .dialogue = dialogue,
};
