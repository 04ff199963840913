/* incomingrelayconfig, portalregistrationconfig and featurekey: menus and questions, and what they send. */
#include "tests/unit/shell_fixture.h"

static void a_relay_is_asked_for_with_its_received_header(void **state)
{
    (void)state;
    fake_answers(sh, "relaylist", "new", "mx", "10.2.3.5/33", "10.2.3.1-10", "1", "", "0", "2", "", "", NULL);
    assert_status(fake_run(sh, "incomingrelayconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nIncoming relays:\n  enabled: off\n");
    assert_contains(shown, "There are no incoming relays configured.");
    assert_null(strstr(shown, "- DELETE -"));
    assert_contains(shown, "address: '10.2.3.5/33' is not ADDRESS, ADDRESS/BITS");
    assert_contains(shown, "\nWhich header holds the address of the sender?\n1. A Received header.\n"
                           "2. A custom header of the relay (recommended).\n[1]> 1\n");
    assert_contains(shown, "behind which the address stands:\n[from]> \n");
    assert_contains(shown, "[1]> 0\nhop: '0' is not a whole number from 1 to 100\n");
    assert_contains(
        fake_sent(sh),
        "{\"fields\":{\"address\":\"10.2.3.1-10\",\"custom-header\":\"\",\"hop\":2,"
        "\"received-after\":\"from\"},\"key\":\"mx\",\"table\":\"incoming-relays\",\"verb\":\"new\"}");
}

static void of_a_custom_header_nothing_else_is_asked(void **state)
{
    (void)state;
    fake_answers(sh, "relaylist", "new", "mx", "2001:db8::/64", "2", "two words", "SenderIP:", "", "", NULL);
    assert_status(fake_run(sh, "incomingrelayconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "custom-header: 'two words' is not the name of a header");
    assert_null(strstr(shown, "counted back"));
    assert_contains(fake_sent(sh), "\"custom-header\":\"SenderIP:\",\"hop\":1,\"received-after\":\"\"}");
}

static void one_place_of_the_address_in_a_line_ends_the_other(void **state)
{
    (void)state;
    assert_int_equal(
        fake_run(sh, "incomingrelayconfig", "relaylist", "edit", "mx", "10.2.3.5", "--custom-header=A", NULL),
        API_DONE);
    assert_contains(fake_sent(sh), "\"custom-header\":\"A\",\"hop\":1,\"received-after\":\"\"}");
    assert_status(fake_run(sh, "incomingrelayconfig", "relaylist", "edit", "mx", "10.2.3.5",
                           "--received-after=[", "--hop=2", NULL),
                  API_DONE);
    assert_contains(fake_sent(sh), "\"custom-header\":\"\",\"hop\":2,\"received-after\":\"[\"}");
    assert_status(fake_run(sh, "incomingrelayconfig", "relaylist", "new", "mx", NULL), API_USAGE);
    assert_string_equal(fake_sent(sh), "");
}

static void enter_switches_incoming_relays_on(void **state)
{
    (void)state;
    fake_answers(sh, "setup", "", "", NULL);
    assert_status(fake_run(sh, "incomingrelayconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "Would you like to use incoming relays? [Y]> \n");
    assert_contains(fake_sent(sh), "{\"fields\":{\"enabled\":true},\"table\":\"incoming-relay\"");
}

static void the_registration_id_is_set_and_removed(void **state)
{
    (void)state;
    fake_answers(sh, "set", "a b", "0123456789abcdef", "clear", "n", "", NULL);
    assert_status(fake_run(sh, "portalregistrationconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "id: 'a b' is not 1 to 64 letters, digits, '.', '_' and '-'\n");
    assert_contains(fake_sent(sh),
                    "{\"fields\":{\"id\":\"0123456789abcdef\"},\"table\":\"portal-registration\"");
    assert_status(fake_run(sh, "portalregistrationconfig", "clear", NULL), API_DONE);
    assert_contains(fake_sent(sh), "{\"fields\":{\"id\":\"\"},\"table\":\"portal-registration\"");
}

#define FEATURES                                                                                             \
    "{\"features\":[{\"feature\":\"antispam\",\"status\":\"Active\",\"expires\":86400000000,"                \
    "\"remaining\":90061,\"perpetual\":false},{\"feature\":\"outbreak\",\"status\":\"Not Available\","       \
    "\"expires\":null,\"remaining\":null,\"perpetual\":false}]}"

static void keys_are_shown_with_the_time_that_is_left(void **state)
{
    (void)state;
    fake_reply(sh, "feature.list", API_DONE, FEATURES, NULL);
    assert_status(fake_run(sh, "featurekey", "show", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "antispam | Active | 1d 1h 1m 1s | ");
    assert_contains(shown, " 1970 ");
    assert_contains(shown, "outbreak | Not Available | - | \n");
}

int main(void)
{
#define ON_TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
#define WITHOUT(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(a_relay_is_asked_for_with_its_received_header),
        ON_TERMINAL(of_a_custom_header_nothing_else_is_asked),
        WITHOUT(one_place_of_the_address_in_a_line_ends_the_other),
        ON_TERMINAL(enter_switches_incoming_relays_on),
        ON_TERMINAL(the_registration_id_is_set_and_removed),
        WITHOUT(keys_are_shown_with_the_time_that_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
