/* The commands about mail in the queue and in quarantine: their questions, and what they send. */
#include "tests/unit/shell_fixture.h"

static const char changed[] = "{\"messages\":2,\"recipients\":3,\"busy_count\":0,\"busy\":[],\"missing\":[]}";

static void deleting_all_is_confirmed_on_a_terminal(void **state)
{
    (void)state;
    fake_answers(sh, "n", NULL);
    assert_status(fake_run(sh, "spamquarantine", "delete", "all", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "");
    assert_non_null(strstr(fake_shown(sh), "Are you sure you want to delete all messages"));
}

static void single_messages_are_deleted_without_a_question(void **state)
{
    (void)state;
    fake_reply(sh, "quarantine.change", API_DONE, changed, NULL);
    assert_status(fake_run(sh, "spamquarantine", "delete", "7", "8", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "\"messages\":[7,8]"));
}

static void without_a_terminal_nothing_is_asked_for_all(void **state)
{
    (void)state;
    fake_reply(sh, "queue.change", API_DONE, changed, NULL);
    assert_status(fake_run(sh, "deleterecipients", "all", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "\"match\":\"all\""));
    assert_string_equal(fake_shown(sh), "3 recipients deleted.\n");
}

static void a_host_is_asked_for(void **state)
{
    (void)state;
    fake_answers(sh, "1", "example.net", "y", NULL);
    fake_reply(sh, "queue.change", API_DONE, changed, NULL);
    assert_status(fake_run(sh, "bouncerecipients", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    assert_non_null(strstr(sent, "\"match\":\"host\""));
    assert_non_null(strstr(sent, "\"text\":\"example.net\""));
}

static void messages_in_hand_are_a_warning_and_missing_ones_an_error(void **state)
{
    (void)state;
    fake_reply(sh, "queue.change", API_DONE,
               "{\"messages\":1,\"recipients\":1,\"busy_count\":1,\"busy\":[8],\"missing\":[9]}", NULL);
    assert_status(fake_run(sh, "removemessage", "7", "8", "9", NULL), API_FAILED);
    const char *shown = fake_shown(sh);
    assert_non_null(strstr(shown, "1 message removed."));
    assert_non_null(strstr(shown, "left as they are"));
    assert_non_null(strstr(shown, "MID 9 does not exist"));
}

static void wrong_words_send_nothing(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "spamquarantine", "release", "0", NULL), API_USAGE);
    assert_status(fake_run(sh, "spamquarantine", "release", "1", "all", NULL), API_USAGE);
    assert_status(fake_run(sh, "removemessage", "all", NULL), API_USAGE);
    assert_status(fake_run(sh, "delivernow", "host", NULL), API_USAGE);
    assert_status(fake_run(sh, "suspendlistener", "mx1,,mx2", NULL), API_USAGE);
    assert_string_equal(fake_sent(sh), "");
}

static void listeners_are_suspended_by_name_or_all(void **state)
{
    (void)state;
    static const char some[] =
        "{\"delivery\":false,\"listeners\":false,\"suspended_listeners\":[\"a\",\"b\"]}";
    fake_reply(sh, "suspend", API_DONE, some, NULL);
    assert_status(fake_run(sh, "suspendlistener", "a,b", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "\"names\":[\"a\",\"b\"]"));
    assert_string_equal(fake_shown(sh), "Receiving active, but suspended on a, b.\nMail delivery active.\n");
    fake_reply(sh, "suspend", API_DONE, some, NULL);
    assert_status(fake_run(sh, "resumelistener", "all", NULL), API_DONE);
    assert_null(strstr(fake_sent(sh), "names"));
    sh->quoted = "all"; /* a listener of that name */
    fake_reply(sh, "suspend", API_DONE, some, NULL);
    assert_status(fake_run(sh, "suspendlistener", "all", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "\"names\":[\"all\"]"));
}

static void rates_go_on_on_a_terminal_and_end_in_a_batch(void **state)
{
    (void)state;
    fake_answers(sh, "5", NULL);
    fake_reply(sh, "rate", API_DONE, NULL, NULL);
    assert_status(fake_run(sh, "rate", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"interval\":5,\"method\":\"rate\",\"what\":\"mail\"}\n");
    sh->interactive = false;
    assert_status(fake_run(sh, "workqueue", "rate", "5", NULL), API_DONE);
    assert_non_null(strstr(fake_sent(sh), "\"count\":10"));
    assert_status(fake_run(sh, "rate", "5", "0", NULL), API_USAGE);
    assert_string_equal(fake_sent(sh), "");
}

int main(void)
{
#define TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
#define SILENT(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        TERMINAL(deleting_all_is_confirmed_on_a_terminal),
        TERMINAL(single_messages_are_deleted_without_a_question),
        SILENT(without_a_terminal_nothing_is_asked_for_all),
        TERMINAL(a_host_is_asked_for),
        SILENT(messages_in_hand_are_a_warning_and_missing_ones_an_error),
        SILENT(wrong_words_send_nothing),
        SILENT(listeners_are_suspended_by_name_or_all),
        TERMINAL(rates_go_on_on_a_terminal_and_end_in_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
