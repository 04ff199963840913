/* alertconfig and addressconfig: their menus and questions, and the edits that they send. */
#include "tests/unit/shell_fixture.h"

static void a_recipient_is_asked_for_and_a_wrong_class_explained(void **state)
{
    (void)state;
    fake_answers(sh, "new", "ops@example.com", "weather", "hardware, system", "1", "", NULL);
    assert_status(fake_run(sh, "alertconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh), *sent = fake_sent(sh);
    assert_non_null(
        strstr(shown, "'weather' is not all, or some of system, hardware, antispam, certificates"));
    assert_non_null(strstr(sent, "{\"fields\":{\"classes\":\"hardware, system\",\"severity\":\"critical\"},"
                                 "\"key\":\"ops@example.com\",\"table\":\"alerts\",\"verb\":\"new\"}"));
}

static void without_recipients_there_is_nothing_to_edit_but_how_often(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "", "7200", "10", "", NULL);
    assert_status(fake_run(sh, "alertconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh), *sent = fake_sent(sh);
    assert_non_null(strstr(shown, "There are no alert recipients configured."));
    assert_non_null(strstr(shown, "- SETUP - Configure how often alerts are sent.\n"));
    assert_null(strstr(shown, "- EDIT -"));
    assert_non_null(strstr(sent, "{\"fields\":{\"hourly\":10,\"repeat\":300,\"repeat-most\":7200},"
                                 "\"table\":\"alert-settings\",\"verb\":\"edit\"}"));
}

static void a_line_sets_only_what_it_names(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "alertconfig", "setup", "--repeat=0", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "{\"fields\":{\"repeat\":0},\"table\":\"alert-settings\""));
    assert_status(fake_run(sh, "alertconfig", "new", "ops@example.com", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "{\"fields\":{},\"key\":\"ops@example.com\",\"table\":\"alerts\""));
    assert_status(fake_run(sh, "alertconfig", "new", "ops", NULL), API_USAGE);
    assert_string_equal(fake_sent(sh), "");
}

static void from_addresses_are_asked_for_with_their_present_values(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "", "Post <post@$hostname>", "", NULL);
    assert_status(fake_run(sh, "addressconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh), *sent = fake_sent(sh);
    assert_non_null(
        strstr(shown, "Enter the From address of alerts:\n[mailward alerts <alert@$hostname>]> \n"));
    assert_non_null(strstr(sent, "\"bounces\":\"Post <post@$hostname>\"}"));
}

int main(void)
{
#define ON_TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
#define WITHOUT(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(a_recipient_is_asked_for_and_a_wrong_class_explained),
        ON_TERMINAL(without_recipients_there_is_nothing_to_edit_but_how_often),
        WITHOUT(a_line_sets_only_what_it_names),
        ON_TERMINAL(from_addresses_are_asked_for_with_their_present_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
