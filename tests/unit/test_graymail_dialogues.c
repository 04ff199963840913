/* Dialogues about graymail: its block of a policy, and imsandgraymailconfig. */
#include "tests/unit/shell_fixture.h"

/* The fields of the edit that was sent last for a table. */
static void assert_edited(const char *fields)
{
    const char *sent = fake_sent(sh);
    assert_contains(sent, "config.edit");
    assert_contains(sent, fields);
}

static void each_category_of_graymail_is_asked_about(void **state)
{
    (void)state;
    fake_answers(sh, "", "edit", "1", "graymail", "enable", "n", "2", /* unsigned */
                 "drop", "y",                                         /* marketing: no more than an archive */
                 "deliver", "", "n", "2", "[SOCIAL] ", "n", "n",      /* social */
                 "quarantine", "", "1", "y", "X-Bulk", "yes", "n",    /* bulk: no host */
                 "", "", "", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\nPolicy: DEFAULT\nGraymail: Off\n");
    assert_contains(shown, "\nWould you like to use Safe Unsubscribe under this policy? [N]> n\n"
                           "\nWhich messages should be looked at for graymail?\n1. All\n2. Unsigned\n[1]> 2\n"
                           "\nWhat should be done with marketing mail?\n");
    assert_edited("{\"apply-to\":\"unsigned\",\"bulk-action\":\"quarantine\",\"bulk-archive\":false,"
                  "\"bulk-header\":\"X-Bulk: yes\",\"bulk-recipient\":\"\",\"bulk-subject\":\"none\","
                  "\"graymail\":\"on\",\"marketing-action\":\"drop\",\"marketing-archive\":true,"
                  "\"safe-unsubscribe\":false,\"social-action\":\"deliver\",\"social-archive\":false,"
                  "\"social-header\":\"\",\"social-host\":\"\",\"social-recipient\":\"\","
                  "\"social-subject\":\"prepend:[SOCIAL] \"}");
}

static void outgoing_graymail_has_no_safe_unsubscribe(void **state)
{
    (void)state;
    fake_answers(sh, "2", "edit", "1", "graymail", "enable", "^C", NULL);
    assert_status(fake_run(sh, "policyconfig", NULL), API_INTERRUPTED);
    assert_contains(fake_shown(sh), "[]> enable\n\nWhich messages should be looked at for graymail?\n");
}

static void graymail_is_set_up_by_a_menu_of_its_own(void **state)
{
    (void)state;
    fake_answers(sh, "graymail", "setup", "", "", "y", "", "", NULL);
    assert_status(fake_run(sh, "imsandgraymailconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "- GRAYMAIL - ");
    assert_contains(shown, "- GLOBALCONFIG - ");
    assert_contains(shown, "\nWould you like to use Graymail Detection? [Y]> \n"
                           "\nWould you like to use Safe Unsubscribe? [N]> \n"
                           "\nWould you like to enable automatic updates for the graymail engine? [N]> y\n"
                           "\nGraymail detection is enabled.");
    assert_edited("[{\"fields\":{\"auto-update\":true,\"enabled\":true,\"safe-unsubscribe\":false},"
                  "\"table\":\"graymail\",\"verb\":\"edit\"}]");
}

static void graymail_that_is_switched_off_asks_no_more(void **state)
{
    (void)state;
    fake_answers(sh, "graymail", "setup", "n", "", "", NULL);
    assert_status(fake_run(sh, "imsandgraymailconfig", NULL), API_DONE);
    assert_edited("[{\"fields\":{\"enabled\":false},\"table\":\"graymail\",\"verb\":\"edit\"}]");
}

static void the_shared_limits_are_asked_for_in_their_order(void **state)
{
    (void)state;
    fake_answers(sh, "globalconfig", "setup", "3M", "1M", "4M", "121", "30", "", "", NULL);
    assert_status(fake_run(sh, "imsandgraymailconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "always scan messages in full?\n[512K]> 3M\n");
    assert_contains(shown, "Larger ones are never scanned.\n[3M]> 1M\n"); /* below what is always scanned */
    assert_contains(shown, "[60]> 121\n");
    assert_edited("[{\"fields\":{\"always-scan-size\":3145728,\"never-scan-size\":4194304,\"timeout\":30},"
                  "\"table\":\"imsandgraymail\",\"verb\":\"edit\"}]");
}

int main(void)
{
#define TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        TERMINAL(each_category_of_graymail_is_asked_about),
        TERMINAL(outgoing_graymail_has_no_safe_unsubscribe),
        TERMINAL(graymail_is_set_up_by_a_menu_of_its_own),
        TERMINAL(graymail_that_is_switched_off_asks_no_more),
        TERMINAL(the_shared_limits_are_asked_for_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
