/* saveconfig, loadconfig, mailconfig, resetconfig, systemsetup and rollbackconfig: their questions, their words, and what
 * they send. */
#include "tests/unit/shell_fixture.h"

#define QUESTION                                                                                             \
    "Choose the passphrase option:\n"                                                                        \
    "1. Mask passphrases (Files with masked passphrases cannot be loaded using loadconfig command)\n"        \
    "2. Encrypt passphrases\n"                                                                               \
    "[1]> "

static void expect_sent(const char *text)
{
    assert_contains(fake_sent(sh), text);
}

static void the_passphrase_question_is_asked_in_its_form(void **state)
{
    (void)state;
    fake_reply(sh, "config.export", API_DONE, "{\"name\":\"a.xml\",\"bytes\":1}", NULL);
    fake_answers(sh, "4", "", NULL);
    assert_status(fake_run(sh, "saveconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, QUESTION "4\n");
    assert_contains(shown, "Please answer 1 or 2.");
    assert_contains(shown, " to location \n\"/configuration/a.xml\".\n");
    expect_sent("{\"method\":\"config.export\",\"save\":true,\"secrets\":\"mask\"}");
}

static void the_answer_3_of_older_forms_encrypts(void **state)
{
    (void)state;
    fake_reply(sh, "config.export", API_DONE, NULL, "<config>\n");
    fake_answers(sh, "3", "n", NULL);
    assert_status(fake_run(sh, "showconfig", NULL), API_DONE);
    expect_sent("{\"method\":\"config.export\",\"secrets\":\"encrypt\"}");
}

static void a_passphrase_is_asked_for_twice_and_never_logged(void **state)
{
    (void)state;
    fake_reply(sh, "config.export", API_DONE, "{\"name\":\"a.xml\",\"bytes\":1}", NULL);
    fake_answers(sh, "2", "y", "one", "other", "same", "same", NULL);
    assert_status(fake_run(sh, "saveconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "The two are not the same.");
    assert_int_equal(sh->hidden, 4);
    expect_sent(
        "{\"method\":\"config.export\",\"passphrase\":\"same\",\"save\":true,\"secrets\":\"encrypt\"}");
}

static void a_batch_line_takes_the_answers_as_words(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *sent;
    } lines[] = {
        {NULL, NULL, "{\"method\":\"config.export\",\"save\":true,\"secrets\":\"encrypt\"}"},
        {"y", "1", "{\"method\":\"config.export\",\"save\":true,\"secrets\":\"mask\"}"},
        {"n", "b.xml",
         "{\"method\":\"config.export\",\"name\":\"b.xml\",\"save\":true,\"secrets\":\"encrypt\"}"},
        {"1", "-", "{\"method\":\"config.export\",\"secrets\":\"mask\"}"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fake_reply(sh, "config.export", API_DONE, "{\"name\":\"b.xml\",\"bytes\":1}", NULL);
        assert_status(fake_run(sh, "saveconfig", lines[i].first, lines[i].second, NULL), API_DONE);
        expect_sent(lines[i].sent);
    }
    assert_status(fake_run(sh, "saveconfig", "1", "a", "b", NULL), API_USAGE);
}

static void an_empty_passphrase_is_an_error_of_a_batch(void **state)
{
    (void)state;
    fake_answers(sh, "", NULL);
    assert_status(fake_run(sh, "saveconfig", "--passphrase", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "the passphrase is empty");
    assert_string_equal(fake_sent(sh), "");
}

static void a_file_is_pasted_and_becomes_edits_that_count_together(void **state)
{
    (void)state;
    sh->data = "<config><smtproutes><smtp_route><domain>a.example</domain><destination>mx</destination>"
               "</smtp_route></smtproutes></config>\n";
    fake_reply(sh, "config.edit", API_DONE, "{\"changed\":true}", NULL);
    fake_answers(sh, "1", NULL);
    assert_status(fake_run(sh, "loadconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "1. Paste via CLI\n2. Load from file\n");
    assert_string_equal(shown + strlen(shown) - strlen(" active.\n"), " active.\n");
    expect_sent("{\"check\":true,\"edits\":[{\"table\":\"smtproutes\",\"verb\":\"clear\"},"
                "{\"fields\":{\"destination\":\"mx\"},\"key\":\"a.example\",\"table\":\"smtproutes\","
                "\"verb\":\"set\"}],"
                "\"method\":\"config.edit\",\"more\":false}");
}

static void an_edit_that_is_refused_is_found_in_the_file(void **state)
{
    (void)state;
    sh->data =
        "<config>\n<smtproutes>\n<smtp_route><domain>a.example</domain></smtp_route></smtproutes></config>\n";
    fake_reply(sh, "config.edit", API_USAGE, "{\"edit\":1}", NULL);
    assert_status(fake_run(sh, "loadconfig", "-", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "It is on line 3 of the file.\nAborting: nothing was loaded.\n");
}

static void a_wrong_file_sends_nothing(void **state)
{
    (void)state;
    sh->data = "<config><smtproutes/><antispam></config>\n";
    assert_status(fake_run(sh, "loadconfig", "-", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "Parsing failed: line 1: mismatched tag");
    assert_string_equal(fake_sent(sh), "");
}

static void a_person_is_asked_for_the_passphrase_of_a_file(void **state)
{
    (void)state;
    sh->data =
        "<config><config_encryption><key>passphrase</key><salt>AA==</salt><check>BB==</check></"
        "config_encryption>"
        "<certificates><certificate><name>a</name><private_key encrypted=\"aes-256-siv\">QUFB</private_key>"
        "</certificate></certificates></config>\n";
    fake_reply(sh, "config.edit", API_DONE, "{\"changed\":false}", NULL);
    fake_answers(sh, "1", "sesame", NULL);
    assert_status(fake_run(sh, "loadconfig", NULL), API_DONE);
    assert_contains(fake_shown(sh), "No changes detected from current configuration.\n");
    assert_int_equal(sh->hidden, 1);
    expect_sent("\"fields\":{\"private-key\":{\"encrypted\":\"QUFB\"}},\"key\":\"a\"");
}

static void resetconfig_asks_a_person_and_no_batch(void **state)
{
    (void)state;
    if (sh->interactive)
        fake_answers(sh, "", NULL);
    assert_status(fake_run(sh, "resetconfig", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), sh->interactive ? "" : "{\"method\":\"config.reset\"}\n");
}

static void systemsetup_asks_and_ends_with_the_changes(void **state)
{
    (void)state;
    fake_reply(sh, "config.edit", API_DONE, NULL, NULL);
    fake_reply(sh, "config.changes", API_DONE, "{\"changes\":[],\"count\":0}", NULL);
    fake_answers(sh, "gw.example.com", "[::1]:2525", "a.example, ", "mx.example", "antispam", "", "y", NULL);
    assert_status(fake_run(sh, "systemsetup", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"fields\":{\"hostname\":\"gw.example.com\"},\"table\":\"gateway\"");
    assert_contains(sent, "{\"fields\":{\"address\":\"::1\",\"port\":\"2525\"},\"key\":\"public\",");
    assert_contains(sent, "\"key\":\"public/a.example\",\"table\":\"rcptaccess\"");
    assert_contains(sent, "{\"destination\":\"mx.example\"},\"key\":\"a.example\",\"table\":\"smtproutes\"");
    assert_contains(sent, "{\"enabled\":true,\"licence-accepted\":true},\"table\":\"antispam\"");
    assert_null(strstr(sent, "alerts"));
    assert_contains(sent, "{\"method\":\"config.changes\"}");
    if (sh->interactive)
        assert_contains(fake_shown(sh), "This gateway is ");
}

static void systemsetup_asks_no_group_for_a_host_name(void **state)
{
    (void)state;
    sh->level = "group/eu";
    fake_reply(sh, "config.edit", API_DONE, NULL, NULL);
    fake_reply(sh, "config.changes", API_DONE, "{\"changes\":[],\"count\":0}", NULL);
    fake_answers(sh, "[::1]:2525", "", "", "", NULL);
    assert_status(fake_run(sh, "systemsetup", NULL), API_DONE);
    assert_contains(fake_sent(sh), "{\"fields\":{\"address\":\"::1\",\"port\":\"2525\"},\"key\":\"public\",");
    assert_null(strstr(fake_sent(sh), "gateway"));
}

static void a_licence_that_is_not_accepted_leaves_the_engine_as_it_is(void **state)
{
    (void)state;
    fake_reply(sh, "config.changes", API_DONE, "{\"changes\":[],\"count\":0}", NULL);
    fake_answers(sh, "", "", "", "antispam", "", "n", NULL);
    assert_status(fake_run(sh, "systemsetup", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"method\":\"config.changes\"}\n");
}

/* ---- rollbackconfig ---- */

static void rollback_lists_confirms_and_offers_to_commit(void **state)
{
    (void)state;
    fake_reply(sh, "config.history", API_DONE,
               "{\"revisions\":[{\"revision\":12,\"time\":1790060700000000,\"author\":\"admin\",\"comment\":"
               "\"c\"}]}",
               NULL);
    fake_reply(sh, "config.commit", API_DONE, "{\"revision\":13,\"time\":1790060700000000}", NULL);
    fake_answers(sh, "999", "12", "y", "maybe", "y", NULL);
    assert_status(fake_run(sh, "rollbackconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown,
                    "\n[]> 999\nThat is not one of these; `rollbackconfig REVISION` takes older ones.\n"
                    "\nEnter the number of the revision to roll back to:\n[]> 12\n");
    assert_contains(shown, "Revision | Committed On | User | Label | Description\n12 | ");
    assert_contains(shown, "roll back the configuration to revision 12? [N]> y\n");
    assert_contains(shown, "commit this configuration now? [N]> maybe\nPlease answer yes or no.\n");
    assert_contains(shown, "Do you want to commit this configuration now? [N]> y\nChanges committed: ");
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"method\":\"config.rollback\",\"preview\":false,\"revision\":\"12\"}\n");
    assert_contains(sent, "{\"comment\":\"roll back to 12\",");
}

static void rollback_marks_the_running_revision_and_says_that_nothing_was_changed(void **state)
{
    (void)state;
    fake_reply(sh, "config.history", API_DONE,
               "{\"revisions\":[{\"revision\":13,\"running\":true,\"time\":1790060700000000},"
               "{\"revision\":12,\"running\":false,\"time\":1790060700000000}]}",
               NULL);
    fake_answers(sh, "12", "", NULL);
    assert_status(fake_run(sh, "rollbackconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "\n*13 | ");
    assert_contains(shown, "\n12 | ");
    assert_contains(shown, "to revision 12? [N]> \nNothing was changed.\n");
    assert_null(strstr(fake_sent(sh), "config.rollback"));
}

int main(void)
{
#define ON_TERMINAL(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
#define WITHOUT(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        ON_TERMINAL(the_passphrase_question_is_asked_in_its_form),
        ON_TERMINAL(the_answer_3_of_older_forms_encrypts),
        ON_TERMINAL(a_passphrase_is_asked_for_twice_and_never_logged),
        WITHOUT(a_batch_line_takes_the_answers_as_words),
        WITHOUT(an_empty_passphrase_is_an_error_of_a_batch),
        ON_TERMINAL(a_file_is_pasted_and_becomes_edits_that_count_together),
        WITHOUT(an_edit_that_is_refused_is_found_in_the_file),
        WITHOUT(a_wrong_file_sends_nothing),
        ON_TERMINAL(a_person_is_asked_for_the_passphrase_of_a_file),
        ON_TERMINAL(resetconfig_asks_a_person_and_no_batch),
        WITHOUT(resetconfig_asks_a_person_and_no_batch),
        ON_TERMINAL(systemsetup_asks_and_ends_with_the_changes),
        ON_TERMINAL(systemsetup_asks_no_group_for_a_host_name),
        ON_TERMINAL(a_licence_that_is_not_accepted_leaves_the_engine_as_it_is),
        ON_TERMINAL(rollback_lists_confirms_and_offers_to_commit),
        ON_TERMINAL(rollback_marks_the_running_revision_and_says_that_nothing_was_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
