/* Dialogues: what the screen shows, what is sent at the end, and the same answers without a terminal. */
#include "tests/unit/shell_fixture.h"

/* The fields of the edit that was sent last for a table. */
static void assert_edited(const char *fields)
{
    const char *sent = fake_sent(sh);
    assert_contains(sent, "config.edit");
    assert_contains(sent, fields);
}

static json_t *row_of(const char *table)
{
    return json_array_get(json_object_get(sh->tables, table), 0);
}

#define ANTISPAM_MENU                                                                                        \
    "\nChoose the operation you want to perform:\n"                                                          \
    "- SETUP - Edit the anti-spam settings of the gateway.\n"

/* ---- antispamconfig ---- */

static void the_first_setup_asks_for_the_licence(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "", "yes", "3m", "", "30", "2", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "  profile: normal\n" ANTISPAM_MENU "[]> setup\n"
                           "\nWould you like to use the anti-spam engine? [Y]> \n");
    assert_contains(
        shown, "\nDo you accept the above license agreement? []> yes\n"
               "\nWhat is the largest size of message to scan? Larger ones are never scanned.\n[2M]> 3m\n"
               "\nUp to what size should messages always be scanned in full?\n[1M]> \n"
               "\nEnter the time-out for the scan of one message, in seconds:\n[60]> 30\n"
               "\nChoose the scanning profile:\n1. Normal\n2. Aggressive\n[1]> 2\n");
    assert_edited("[{\"fields\":{\"antispam\":\"on\"},\"key\":\"DEFAULT\",\"table\":\"incoming-policy\","
                  "\"verb\":\"edit\"},"
                  "{\"fields\":{\"always-scan-size\":1048576,\"enabled\":true,\"licence-accepted\":true,"
                  "\"never-scan-size\":3145728,\"profile\":\"aggressive\",\"timeout\":30},"
                  "\"table\":\"antispam\",\"verb\":\"edit\"}]");
}

static void the_licence_has_no_default_and_refusing_it_leaves_the_engine_off(void **state)
{
    (void)state;
    fake_answers(sh, "SETUP", "y", "", "n", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "license agreement? []> \nPlease answer yes or no.\n");
    const char *sent = fake_sent(sh);
    assert_contains(sent, "\"edits\":[{\"fields\":{\"enabled\":false},\"table\":\"antispam\"");
}

static void accept_licence(void)
{
    json_object_set_new(row_of("antispam"), "licence-accepted", json_true());
    json_object_set_new(row_of("antispam"), "enabled", json_true());
}

static void later_setups_show_the_present_values_and_ask_no_licence(void **state)
{
    (void)state;
    accept_licence();
    json_object_set_new(row_of("antispam"), "timeout", json_integer(45));
    fake_answers(sh, "setup", "", "", "", "", "", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown,
                    "\nAnti-spam scanning:\n  enabled: on\n  never-scan-size: 2M\n  always-scan-size: 1M\n"
                    "  timeout: 45\n  profile: normal\n" ANTISPAM_MENU);
    assert_contains(shown, "[45]> \n");
    assert_null(strstr(shown, "license"));
    assert_null(strstr(fake_sent(sh), "incoming-policy"));
}

static void switching_the_engine_off_is_confirmed(void **state)
{
    (void)state;
    accept_licence();
    fake_answers(sh, "setup", "n", "", "", "", "", "", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    assert_edited("\"enabled\":true");
    fake_answers(sh, "setup", "n", "y", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "for the whole gateway? [N]> y\n");
    assert_edited("\"fields\":{\"enabled\":false}");
}

static void a_wrong_answer_is_explained_and_asked_again(void **state)
{
    (void)state;
    accept_licence();
    fake_answers(sh, "stup", "setup", "maybe", "y", "2Q", "2M", "3M", "1M", "0", "121", "60", "3", "normal",
                 "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown,
                    "[]> stup\n'stup' is not one of these operations; did you mean 'setup'?\n" ANTISPAM_MENU);
    assert_contains(shown, "engine? [Y]> maybe\nPlease answer yes or no.\n\nWould you like");
    assert_contains(shown, "never-scan-size: '2Q' is not");
    assert_contains(
        shown, "[1M]> 3M\nalways-scan-size: '3M' is not a number plus K, M, G or nothing, from 1K to 2M\n");
    assert_contains(shown, "timeout: '0' is not a whole number from 1 to 120 seconds\n");
    assert_contains(shown, "[1]> 3\n'3' is not a number from 1 to 2\n\nChoose the scanning profile:\n");
    assert_edited(
        "\"always-scan-size\":1048576,\"enabled\":true,\"never-scan-size\":2097152,\"profile\":\"normal\"");
}

static void sizes_above_what_is_advised_are_confirmed(void **state)
{
    (void)state;
    accept_licence();
    fake_answers(sh, "setup", "y", "20M", "n", "20M", "y", "", "", "", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "above the advised 10M\nDo you want to use it anyway? [N]> n\n");
    assert_edited("\"never-scan-size\":20971520");
}

static void control_c_leaves_the_dialogue_with_nothing_changed(void **state)
{
    (void)state;
    accept_licence();
    fake_answers(sh, "setup", "y", "5M", "^C", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_INTERRUPTED);
    assert_null(strstr(fake_sent(sh), "config.edit"));
}

static void without_a_terminal_the_same_answers_do_the_same_silently(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "y", "3m", "", "30", "2", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "");
    assert_edited(
        "\"enabled\":true,\"licence-accepted\":true,\"never-scan-size\":3145728,\"profile\":\"aggressive\","
        "\"timeout\":30}");
}

static void without_a_terminal_a_wrong_answer_is_the_end(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "y", "3m", "", "0", "30", "2", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "timeout: '0' is not a whole number from 1 to 120 seconds\n");
    assert_int_equal(sh->told, 1);
    assert_null(strstr(fake_sent(sh), "config.edit"));
}

static void without_a_terminal_the_end_of_the_input_in_mid_dialogue_changes_nothing(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "y", "3m", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_USAGE);
    assert_null(strstr(fake_sent(sh), "config.edit"));
}

/* ---- policyconfig ---- */

static void spam_of_the_default_policy_can_be_dropped_and_suspects_quarantined(void **state)
{
    (void)state;
    json_object_set_new(row_of("incoming-policy"), "antispam", json_string("on"));
    fake_answers(sh, "", "edit", "1", "antispam", "edit", "80", "2", "", /* drop: no subject, no header */
                 "", "40", "quarantine", "y", "2", "[MAYBE] ", "y", "X-Maybe", "yes", "y", "nobody",
                 "maybe@example.org", "", "", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nWhich policies would you like to configure?\n1. Incoming Mail Policies\n"
                           "2. Outgoing Mail Policies\n[1]> \n");
    assert_contains(shown,
                    "Name: | Anti-Spam: | Anti-Virus: | Graymail: | Content Filter: | Outbreak Filters:\n"
                    "DEFAULT | mailward | Not Available | Off | Not Available | Not Available\n");
    assert_contains(shown, "- EDIT - Edit the settings of this service.\n- DISABLE - ");
    assert_contains(
        shown, "\nWhat should be done with spam?\n1. Deliver\n2. Drop\n3. Bounce\n4. Quarantine\n[4]> 2\n"
               "\nWould you like to archive spam? [N]> \n"
               "\nWould you like to treat suspected spam specially? [Y]> \n");
    assert_contains(shown, "\nWould you like to send suspected spam to an alternate recipient? [N]> y\n"
                           "\nEnter the alternate recipient:\n[]> nobody\n"
                           "suspect-recipient: 'nobody' is not an address: user@domain\n");
    assert_edited(
        "{\"antispam\":\"on\",\"engine\":\"antispam\",\"positive-action\":\"drop\","
        "\"positive-archive\":false,\"positive-threshold\":80,\"suspect\":true,\"suspect-action\":"
        "\"quarantine\","
        "\"suspect-archive\":true,\"suspect-header\":\"X-Maybe: yes\","
        "\"suspect-recipient\":\"maybe@example.org\","
        "\"suspect-subject\":\"prepend:[MAYBE] \",\"suspect-threshold\":40,\"unscannable\":\"quarantine\"}");
}

static void policies_are_chosen_by_the_words_of_the_list_and_by_its_numbers(void **state)
{
    (void)state;
    fake_row(sh, "outgoing-policy", "{\"name\":\"Robots\",\"antispam\":\"off\"}");
    fake_answers(sh, "mail", "o", "edit", "1", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "[1]> mail\n'mail' is not a number from 1 to 2\n");
    assert_contains(shown, "[1]> o\n\nName: |");
    assert_contains(shown,
                    "\n1. Robots\n2. DEFAULT\n\nEnter the name or number of the policy to edit:\n[]> 1\n");
    fake_answers(sh, "Incoming", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    assert_contains(fake_sent(sh), "\"table\":\"incoming-policy\"");
}

static void a_question_mark_shows_what_can_be_answered(void **state)
{
    (void)state;
    accept_licence();
    fake_answers(sh, "?", "setup", "?", "y", "", "", "?", "30", "?", "2", "", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "[]> ?\n" ANTISPAM_MENU "[]> setup\n");
    assert_contains(shown, "engine? [Y]> ?\nPlease answer yes or no.\n");
    assert_contains(shown, "[60]> ?\ntime for the scan of one message: a whole number from 1 to 120 seconds\n"
                           "\nEnter the time-out for the scan of one message, in seconds:\n[60]> 30\n");
    assert_contains(shown, "[1]> ?\n\nChoose the scanning profile:\n");
    assert_edited("\"profile\":\"aggressive\",\"timeout\":30}");
}

static void without_a_terminal_a_question_mark_is_an_answer(void **state)
{
    (void)state;
    json_object_set_new(row_of("incoming-policy"), "antispam", json_string("on"));
    fake_answers(sh, "?", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "'?' is not one of these operations\n");
    fake_answers(sh, "setup", "y", "?", NULL);
    assert_status(fake_run(sh, "antispamconfig", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "never-scan-size: '?' is not");
}

static void delivered_spam_can_go_to_an_alternate_host(void **state)
{
    (void)state;
    json_object_set_new(row_of("incoming-policy"), "antispam", json_string("on"));
    json_object_set_new(row_of("incoming-policy"), "positive-recipient", json_string("old@example.org"));
    fake_answers(sh, "1", "edit", "DEFAULT", "antispam", "edit", "", "deliver", "", "y", "other.example:25",
                 "other.example", "", "", "n", "n", "", "", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh), *sent = fake_sent(sh);
    assert_contains(shown, "\nWould you like to send spam to an alternate host? [N]> y\n"
                           "\nEnter the alternate host:\n[]> other.example:25\n"
                           "positive-host: 'other.example:25' is not HOST, ");
    assert_contains(shown, "\nWould you like to send spam to an alternate recipient? [Y]> n\n");
    assert_contains(sent, "\"positive-host\":\"other.example\"");
    assert_contains(sent, "\"positive-recipient\":\"\"");
}

static void a_service_that_is_off_can_only_be_enabled(void **state)
{
    (void)state;
    fake_answers(sh, "2", "edit", "default", "antispam", "disable", "^C", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_INTERRUPTED);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nPolicy: DEFAULT\nAnti-Spam: Off\n\nChoose the operation you want to perform:\n"
                           "- ENABLE - Enable this service for the policy.\n[]> disable\n");
    assert_contains(fake_sent(sh), "\"table\":\"outgoing-policy\"");
}

static void the_suspect_threshold_ends_where_spam_begins(void **state)
{
    (void)state;
    fake_answers(sh, "1", "edit", "DEFAULT", "antispam", "enable", "60", "", "", "", "", "", "", "61", "60",
                 "^C", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_INTERRUPTED);
    assert_contains(fake_shown(sh), "suspect-threshold: '61' is not a whole number from 25 to 60\n");
}

static void an_unknown_policy_is_asked_for_again(void **state)
{
    (void)state;
    fake_answers(sh, "1", "edit", "7", "default", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "[]> 7\nPolicy '7' does not exist\n");
}

static void an_empty_answer_to_a_name_question_leaves_one_level(void **state)
{
    (void)state;
    fake_row(sh, "smtproutes", "{\"domain\":\"example.com\",\"destination\":\"mx.example.net\"}");
    fake_answers(sh, "1", "edit", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    fake_answers(sh, "edit", "", "delete", "", "new", "", "new", "example.org", "", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_int_equal(sh->answers_read, 10);
    assert_int_equal(sh->told, 0);
    assert_null(strstr(fake_shown(sh), "is not"));
    assert_null(strstr(fake_sent(sh), "config.edit"));
}

static void without_a_terminal_an_empty_name_is_wrong(void **state)
{
    (void)state;
    fake_answers(sh, "1", "edit", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_USAGE);
    fake_answers(sh, "delete", "", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_USAGE);
    assert_int_equal(sh->told, 2);
}

static void policies_are_printed_with_default_last(void **state)
{
    (void)state;
    fake_row(sh, "incoming-policy", "{\"name\":\"sales\",\"antispam\":\"off\",\"engine\":\"antispam\"}");
    assert_status(fake_run(sh, "policyconfig", "incoming", "print", NULL), API_DONE);
    assert_string_equal(fake_shown(sh),
                        "Name: | Anti-Spam: | Anti-Virus: | Graymail: | Content Filter: | Outbreak Filters:\n"
                        "sales | Off | Not Available | Off | Not Available | Not Available\n"
                        "DEFAULT | Off | Not Available | Off | Not Available | Not Available\n");
    const json_t *sales = json_array_get(json_object_get(sh->values, "policies"), 0);
    assert_int_equal(json_object_size(sales), 3); /* what is shown is no part of the row */
}

/* ---- smtproutes ---- */

#define MENU "\nChoose the operation you want to perform:\n"

static void the_menu_of_an_empty_list_offers_what_makes_sense(void **state)
{
    (void)state;
    fake_answers(sh, "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_string_equal(fake_shown(sh),
                        "\nThere are no SMTP routes configured.\n" MENU "- NEW - Create a new route.\n"
                        "- IMPORT - Replace all routes by those of a file.\n[]> \n");
}

static void the_menu_of_a_list_offers_everything(void **state)
{
    (void)state;
    fake_row(sh, "smtproutes", "{\"domain\":\"example.com\",\"destination\":\"mx.example.net\"}");
    fake_answers(sh, "ed", "example.com", "mx2.example.net", "del", "example.com", "clear", "y", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nThere is currently 1 SMTP route configured.\n" MENU "- NEW - ");
    assert_contains(shown, "- CLEAR - Remove all routes.\n[]> ed\n");
    assert_contains(shown, "[mx.example.net]> mx2.example.net\n");
    assert_contains(shown, "Are you sure you want to remove all SMTP routes? [N]> y\n");
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"fields\":{\"destination\":\"mx2.example.net\"},\"key\":\"example.com\","
                          "\"table\":\"smtproutes\",\"verb\":\"edit\"}");
    assert_contains(sent, "{\"key\":\"example.com\",\"table\":\"smtproutes\",\"verb\":\"delete\"}");
    assert_contains(sent, "{\"table\":\"smtproutes\",\"verb\":\"clear\"}");
}

static void a_new_route_is_asked_for(void **state)
{
    (void)state;
    fake_answers(sh, "new", "-bad-", ".example.com", "usedns", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_contains(fake_shown(sh), "domain: '-bad-' is not");
    assert_edited("{\"fields\":{\"destination\":\"usedns\"},\"key\":\".example.com\",\"table\":"
                  "\"smtproutes\",\"verb\":\"new\"}");
}

static void a_row_that_does_not_exist_leads_back_to_the_menu(void **state)
{
    (void)state;
    fake_row(sh, "smtproutes", "{\"domain\":\"example.com\",\"destination\":\"mx.example.net\"}");
    fake_answers(sh, "edit", "example.org", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_contains(fake_shown(sh), "'example.org' does not exist\n");
}

static void without_a_terminal_a_row_that_does_not_exist_is_the_end(void **state)
{
    (void)state;
    fake_answers(sh, "edit", "example.org", "mx.example.net", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_FAILED);
}

static void files_are_asked_for_by_name(void **state)
{
    (void)state;
    fake_reply(sh, "file.read", API_DONE, NULL, "example.com mx.example.net\n");
    fake_answers(sh, "import", "routes.txt", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_contains(
        fake_shown(sh),
        "\nEnter the name of the file on machine \"mx.example.com\" to import:\n[]> routes.txt\n");
    assert_edited("\"key\":\"example.com\"");
}

/* ---- listenerconfig: rows of a row ---- */

static void a_new_listener_is_asked_for(void **state)
{
    (void)state;
    fake_answers(sh, "new", "In", "2", "192.0.2", "192.0.2.1", "", "3", "", NULL);
    assert_status(fake_run(sh, "listenerconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "address: '192.0.2' is not an IPv4 or IPv6 address");
    assert_edited(
        "{\"fields\":{\"address\":\"192.0.2.1\",\"kind\":\"private\",\"port\":25,\"tls\":\"required\"},"
        "\"key\":\"In\",\"table\":\"listeners\",\"verb\":\"new\"}");
}

static void recipients_of_a_listener_are_typed_without_its_name(void **state)
{
    (void)state;
    fake_answers(sh, "edit", "public", "rcpt", "new", "a b", "example.com", "2", "", "", "", NULL);
    assert_status(fake_run(sh, "listenerconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nListener: public\n  kind: public\n");
    assert_contains(shown, "recipient: 'public/a b' is not ");
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"method\":\"config.get\",\"owner\":\"public\",\"table\":\"rcptaccess\"}");
    assert_contains(sent, "{\"fields\":{\"access\":\"reject\"},\"key\":\"public/example.com\","
                          "\"table\":\"rcptaccess\",\"verb\":\"new\"}");
}

static void rows_of_a_row_are_imported_with_its_name(void **state)
{
    (void)state;
    sh->data = "# ours\nExample.com ACCEPT\nall REJECT\n";
    assert_status(fake_run(sh, "listenerconfig", "edit", "In", "rcptaccess", "import", "-", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"key\":\"In\",\"table\":\"rcptaccess\",\"verb\":\"clear\"}");
    assert_contains(sent, "\"key\":\"In/Example.com\"");
    assert_contains(sent, "{\"fields\":{\"access\":\"REJECT\"},\"key\":\"In/all\"");
    sh->data = "192.0.2.1\n192.0.2.1\n";
    assert_status(fake_run(sh, "listenerconfig", "edit", "In", "hostaccess", "import", "-", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "line 2: 'In/192.0.2.1' is on line 1 already");
}

/* ---- commit and the rest ---- */

#define ONE_CHANGE                                                                                           \
    "{\"changes\":[{\"table\":\"antispam\",\"key\":\"\",\"before\":{\"timeout\":1},\"after\":{\"timeout\":"  \
    "2}}],\"count\":1}"
#define NO_CHANGE "{\"changes\":[],\"count\":0}"

static void commit_asks_for_a_comment_and_about_rollback(void **state)
{
    (void)state;
    fake_reply(sh, "config.changes", API_DONE, ONE_CHANGE, NULL);
    fake_reply(sh, "config.commit", API_DONE, "{\"revision\":3,\"time\":1790060700000000}", NULL);
    fake_answers(sh, "because", "n", NULL);
    assert_status(fake_run(sh, "commit", NULL), API_DONE);
    assert_contains(fake_shown(sh), "\nPlease enter some comments describing your changes:\n[]> because\n"
                                    "\nDo you want to save the current configuration for rollback? [Y]> n\n"
                                    "Changes committed: ");
    assert_contains(fake_sent(sh), "{\"comment\":\"because\",\"hidden\":true,\"method\":\"config.commit\"}");
}

static void commit_of_nothing_asks_nothing(void **state)
{
    (void)state;
    fake_reply(sh, "config.changes", API_DONE, NO_CHANGE, NULL);
    assert_status(fake_run(sh, "commit", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "There is no data to commit.\n");
}

static void without_a_terminal_commit_takes_no_line_for_its_comment(void **state)
{
    (void)state;
    fake_reply(sh, "config.commit", API_DONE, "{\"revision\":3,\"time\":1790060700000000}", NULL);
    fake_answers(sh, "version", NULL);
    assert_status(fake_run(sh, "commit", NULL), API_DONE);
    assert_int_equal(sh->answers_read, 0);
}

static void changes_are_cleared_after_a_question(void **state)
{
    (void)state;
    fake_answers(sh, "n", NULL);
    assert_status(fake_run(sh, "clear", NULL), API_DONE);
    assert_string_equal(fake_shown(sh),
                        "\nAre you sure you want to clear all changes since the last commit? [Y]> n\n");
    assert_string_equal(fake_sent(sh), "");
    fake_answers(sh, "", NULL);
    assert_status(fake_run(sh, "clearchanges", NULL), API_DONE);
    assert_contains(fake_shown(sh), "Changes cleared: ");
    assert_string_equal(fake_sent(sh), "{\"method\":\"config.clear\"}\n");
}

static void without_a_terminal_nothing_is_confirmed(void **state)
{
    (void)state;
    fake_answers(sh, "clear", "", NULL);
    assert_status(fake_run(sh, "smtproutes", NULL), API_DONE);
    assert_int_equal(sh->answers_read, 2);
    assert_edited("{\"table\":\"smtproutes\",\"verb\":\"clear\"}");
    assert_status(fake_run(sh, "clear", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "");
    assert_string_equal(fake_sent(sh), "{\"method\":\"config.clear\"}\n");
}

static void exit_warns_of_pending_changes(void **state)
{
    (void)state;
    fake_reply(sh, "config.changes", API_DONE, ONE_CHANGE, NULL);
    fake_answers(sh, "", NULL);
    assert_status(fake_run(sh, "exit", NULL), API_DONE);
    assert_contains(fake_shown(sh), "Are you sure you want to exit? [N]> \n");
    assert_false(sh->left);
    fake_reply(sh, "config.changes", API_DONE, NO_CHANGE, NULL);
    assert_status(fake_run(sh, "quit", NULL), API_DONE);
    assert_true(sh->left);
}

static void logs_are_chosen_by_number(void **state)
{
    (void)state;
    fake_reply(sh, "logs", API_DONE, "{\"logs\":[\"cli_logs\",\"mail_logs\"]}", NULL);
    fake_reply(sh, "tail", API_DONE, "{\"lines\":1}", "a line\n");
    fake_answers(sh, "2", NULL);
    assert_status(fake_run(sh, "tail", NULL), API_DONE);
    assert_string_equal(fake_shown(sh),
                        "\nEnter the number of the log you wish to tail.\n1. cli_logs\n2. mail_logs\n"
                        "[1]> 2\na line\n");
    assert_contains(fake_sent(sh),
                    "{\"follow\":true,\"lines\":10,\"log\":\"mail_logs\",\"method\":\"tail\"}\n");
    assert_int_equal(json_integer_value(json_object_get(sh->values, "lines")), 1);
}

int main(void)
{
#define TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
#define SILENT(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        TERMINAL(the_first_setup_asks_for_the_licence),
        TERMINAL(the_licence_has_no_default_and_refusing_it_leaves_the_engine_off),
        TERMINAL(later_setups_show_the_present_values_and_ask_no_licence),
        TERMINAL(switching_the_engine_off_is_confirmed),
        TERMINAL(a_wrong_answer_is_explained_and_asked_again),
        TERMINAL(sizes_above_what_is_advised_are_confirmed),
        TERMINAL(control_c_leaves_the_dialogue_with_nothing_changed),
        SILENT(without_a_terminal_the_same_answers_do_the_same_silently),
        SILENT(without_a_terminal_a_wrong_answer_is_the_end),
        SILENT(without_a_terminal_the_end_of_the_input_in_mid_dialogue_changes_nothing),
        TERMINAL(spam_of_the_default_policy_can_be_dropped_and_suspects_quarantined),
        TERMINAL(policies_are_chosen_by_the_words_of_the_list_and_by_its_numbers),
        TERMINAL(a_question_mark_shows_what_can_be_answered),
        SILENT(without_a_terminal_a_question_mark_is_an_answer),
        TERMINAL(delivered_spam_can_go_to_an_alternate_host),
        TERMINAL(a_service_that_is_off_can_only_be_enabled),
        TERMINAL(the_suspect_threshold_ends_where_spam_begins),
        TERMINAL(an_unknown_policy_is_asked_for_again),
        TERMINAL(an_empty_answer_to_a_name_question_leaves_one_level),
        SILENT(without_a_terminal_an_empty_name_is_wrong),
        SILENT(policies_are_printed_with_default_last),
        TERMINAL(the_menu_of_an_empty_list_offers_what_makes_sense),
        TERMINAL(the_menu_of_a_list_offers_everything),
        TERMINAL(a_new_route_is_asked_for),
        TERMINAL(a_row_that_does_not_exist_leads_back_to_the_menu),
        SILENT(without_a_terminal_a_row_that_does_not_exist_is_the_end),
        TERMINAL(files_are_asked_for_by_name),
        TERMINAL(a_new_listener_is_asked_for),
        TERMINAL(recipients_of_a_listener_are_typed_without_its_name),
        SILENT(rows_of_a_row_are_imported_with_its_name),
        TERMINAL(commit_asks_for_a_comment_and_about_rollback),
        TERMINAL(commit_of_nothing_asks_nothing),
        SILENT(without_a_terminal_commit_takes_no_line_for_its_comment),
        TERMINAL(changes_are_cleared_after_a_question),
        SILENT(without_a_terminal_nothing_is_confirmed),
        TERMINAL(exit_warns_of_pending_changes),
        TERMINAL(logs_are_chosen_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
