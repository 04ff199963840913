/* Batch lines: from words to requests, and what a wrong line is told. */
#include "tests/unit/shell_fixture.h"

/* ---- words ---- */

static void an_unknown_command_names_itself_first_and_then_the_nearest(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "comit", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh),
                        "Unknown command or missing feature key: comit\nDid you mean 'commit'?\n");
    assert_status(fake_run(sh, "xyzzy", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "Unknown command or missing feature key: xyzzy\n");
}

static void an_unknown_word_names_the_nearest_and_all_valid_ones(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setpu", "on", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh),
                        "Invalid arguments: 'setpu' is not known here; did you mean 'setup'?\n"
                        "Valid words: setup\n");
    assert_status(fake_run(sh, "smtproutes", "list", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "Valid words: new, edit, delete, print, import, export, clear\n");
    assert_string_equal(fake_sent(sh), "");
}

static void names_of_commands_and_verbs_may_be_in_any_case(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "SMTPROUTES", "Delete", "example.com", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"edits\":[{\"key\":\"example.com\",\"table\":\"smtproutes\","
                                       "\"verb\":\"delete\"}],\"method\":\"config.edit\"}\n");
}

static void a_command_has_its_aliases(void **state)
{
    (void)state;
    assert_ptr_equal(command_find("q"), command_find("exit"));
    assert_ptr_equal(command_find("QUIT"), command_find("exit"));
    assert_ptr_equal(command_find("clear"), command_find("clearchanges"));
    assert_ptr_equal(command_find("?"), command_find("help"));
    assert_null(command_find("ex"));
}

static void a_wrong_number_of_words_shows_the_usage(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "version", "now", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "Invalid arguments: 'now' is one word too many\nUsage:\n  version\n");
    assert_status(fake_run(sh, "smtproutes", "delete", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "Invalid arguments: DOMAIN is missing behind 'delete'\nUsage:\n");
    assert_status(fake_run(sh, "smtproutes", "clear", "all", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "Invalid arguments: 'all' is one word too many\n");
    assert_status(fake_run(sh, "policyconfig", "incoming", NULL), API_USAGE);
    assert_contains(fake_shown(sh),
                    "Invalid arguments: a word is missing behind 'incoming'\nValid words: edit, print\n");
    assert_string_equal(fake_sent(sh), "");
}

static void the_table_is_sorted_and_every_command_says_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; command_table[i]; i++) {
        assert_non_null(command_table[i]->summary);
        assert_true(command_table[i]->run || command_table[i]->verbs);
        if (i)
            assert_true(strcmp(command_table[i - 1]->name, command_table[i]->name) < 0);
    }
}

static void check_batch_forms(const char *command, const struct verb *verbs)
{
    for (const struct verb *v = verbs; v && v->word; v++) {
        if (v->dialogue && !v->batch && !v->verbs)
            fail_msg("%s: '%s' can be chosen in a menu, and not written in a line", command, v->word);
        check_batch_forms(command, v->verbs);
    }
}

static void what_a_menu_offers_can_be_written_in_a_line(void **state)
{
    (void)state;
    for (size_t i = 0; command_table[i]; i++)
        check_batch_forms(command_table[i]->name, command_table[i]->verbs);
}

/* ---- forms ---- */

static void options_of_a_line_come_in_any_order_and_only_what_was_given_is_sent(void **state)
{
    (void)state;
    const char *sent =
        "{\"edits\":[{\"fields\":{\"antispam\":\"on\",\"positive-action\":\"drop\",\"positive-threshold\":80}"
        ","
        "\"key\":\"DEFAULT\",\"table\":\"incoming-policy\",\"verb\":\"edit\"}],\"method\":\"config.edit\"}\n";
    assert_status(fake_run(sh, "policyconfig", "incoming", "edit", "DEFAULT", "antispam", "on",
                           "--positive-threshold=80", "--positive-action=drop", NULL),
                  API_DONE);
    assert_string_equal(fake_sent(sh), sent);
    assert_status(fake_run(sh, "policyconfig", "incoming", "edit", "DEFAULT", "antispam",
                           "--positive-action=DROP", "on", "--positive-threshold=80", NULL),
                  API_DONE);
    assert_string_equal(fake_sent(sh), sent);
    assert_string_equal(fake_shown(sh), "");
}

static void a_value_out_of_range_names_field_value_and_range(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--timeout=121", NULL), API_USAGE);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "timeout");
    assert_contains(shown, "'121'");
    assert_contains(shown, "from 1 to 120 seconds");
    assert_null(strstr(fake_sent(sh), "config.edit"));
}

static void the_first_secret_of_a_command_is_found_as_it_will_be_read(void **state)
{
    (void)state;
    char *words[] = {(char *)"certconfig", (char *)"--certificate=x", (char *)"--Private-Key=y", (char *)"z"};
    assert_int_equal(command_secret_word(4, words), 2);
    assert_int_equal(command_secret_word(2, words), 2);
    words[2] = (char *)"private-key=y";
    assert_int_equal(command_secret_word(4, words), 4);
}

static void an_unknown_option_names_the_nearest(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--timeot=5", NULL), API_USAGE);
    assert_string_equal(
        fake_shown(sh),
        "Invalid arguments: option '--timeot' is not known here; did you mean '--timeout'?\n");
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--enabled=on", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "option '--enabled' is not known here");
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--licence-accepted=on", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "option '--licence-accepted' is not known here");
}

static void words_of_a_form_can_be_missing_double_or_too_many(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setup", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "Invalid arguments: enabled is missing: off or on\n");
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "off", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "Invalid arguments: 'off' is one word too many\n");
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--timeout=5", "--timeout=6", NULL),
                  API_USAGE);
    assert_string_equal(fake_shown(sh), "Invalid arguments: --timeout is given twice\n");
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--timeout", NULL), API_USAGE);
    assert_string_equal(fake_shown(sh), "Invalid arguments: --timeout needs a value: --timeout=...\n");
}

/* ---- antispamconfig ---- */

static void setup_on_accepts_the_licence_and_scans_under_the_default_policy(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", "--never-scan-size=3M", NULL), API_DONE);
    assert_string_equal(
        fake_sent(sh), "{\"method\":\"config.get\",\"table\":\"antispam\"}\n"
                       "{\"edits\":[{\"fields\":{\"antispam\":\"on\"},\"key\":\"DEFAULT\",\"table\":"
                       "\"incoming-policy\",\"verb\":\"edit\"},"
                       "{\"fields\":{\"enabled\":true,\"licence-accepted\":true,\"never-scan-size\":3145728},"
                       "\"table\":\"antispam\",\"verb\":\"edit\"}],\"method\":\"config.edit\"}\n");
    assert_string_equal(fake_shown(sh), "");
}

static void setup_on_leaves_policies_alone_once_the_licence_is_accepted(void **state)
{
    (void)state;
    json_object_set_new(json_array_get(json_object_get(sh->tables, "antispam"), 0), "licence-accepted",
                        json_true());
    assert_status(fake_run(sh, "antispamconfig", "setup", "on", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    assert_null(strstr(sent, "incoming-policy"));
    assert_contains(sent, "{\"fields\":{\"enabled\":true},\"table\":\"antispam\",\"verb\":\"edit\"}");
}

static void setup_off_accepts_nothing(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "antispamconfig", "setup", "off", NULL), API_DONE);
    assert_contains(fake_sent(sh), "\"edits\":[{\"fields\":{\"enabled\":false},\"table\":\"antispam\"");
}

/* ---- list tables ---- */

static void a_route_is_added_without_asking_the_daemon_anything(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "smtproutes", "new", "example.com", "[192.0.2.1]:25", NULL), API_DONE);
    assert_string_equal(
        fake_sent(sh), "{\"edits\":[{\"fields\":{\"destination\":\"[192.0.2.1]:25\"},\"key\":\"example.com\","
                       "\"table\":\"smtproutes\",\"verb\":\"new\"}],\"method\":\"config.edit\"}\n");
    assert_string_equal(fake_shown(sh), "");
}

static void a_key_that_cannot_be_one_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "smtproutes", "new", "exa mple", "mx.example.net", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "domain: 'exa mple'");
    assert_string_equal(fake_sent(sh), "");
}

static void import_replaces_all_rows_by_those_of_the_input(void **state)
{
    (void)state;
    sh->data = "# two routes\n\nexample.com   mx.example.net\r\n\t.example.org [192.0.2.1]:2525";
    assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"edits\":[{\"table\":\"smtproutes\",\"verb\":\"clear\"},"
                                       "{\"fields\":{\"destination\":\"mx.example.net\"},\"key\":\"example."
                                       "com\",\"table\":\"smtproutes\",\"verb\":\"put\"},"
                                       "{\"fields\":{\"destination\":\"[192.0.2.1]:2525\"},\"key\":\"."
                                       "example.org\",\"table\":\"smtproutes\",\"verb\":\"put\"}],"
                                       "\"method\":\"config.edit\",\"more\":false}\n");
    assert_string_equal(fake_shown(sh), "");
}

static void import_with_a_wrong_line_names_it_and_sends_nothing(void **state)
{
    (void)state;
    sh->data = "example.com mx.example.net\n# fine so far\nexample.org\n";
    assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "line 3: destination: ''");
    sh->data = "a.example mx.example.net\nb.example mx.example.net\nA.example other.example.net\n";
    assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "line 3: 'a.example' is on line 1 already");
    assert_string_equal(fake_sent(sh), "");
}

static void import_of_nothing_is_refused(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "# no routes\n\n"};
    for (size_t i = 0; i < 2; i++) {
        sh->data = empty[i];
        assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_FAILED);
        assert_string_equal(fake_shown(sh), "nothing to import: clear empties the list\n");
        assert_string_equal(fake_sent(sh), "");
    }
}

static void a_large_import_is_sent_in_pieces_of_which_only_the_last_counts(void **state)
{
    (void)state;
    struct buf lines = {0};
    for (int i = 0; i < 5000; i++)
        buf_printf(&lines, "d%d.example mx.example.net\n", i);
    sh->data = buf_text(&lines);
    assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    unsigned pieces = 0, more = 0, rows = 0;
    for (const char *p = sent; (p = strstr(p, "\"more\":")); p++) {
        pieces++;
        more += strncmp(p, "\"more\":true", 11) == 0;
        assert_true(strncmp(p, "\"more\":true", 11) == 0 || !strstr(p + 1, "\"more\":"));
    }
    for (const char *p = sent; (p = strstr(p, "\"verb\":\"put\"")); p++)
        rows++;
    assert_int_equal(rows, 5000);
    assert_int_equal(pieces, 3);
    assert_int_equal(more, 2);
    buf_free(&lines);
}

static void import_reads_a_file_of_the_configuration_directory(void **state)
{
    (void)state;
    fake_reply(sh, "file.read", API_DONE, NULL, "ALL mx.example.net\n");
    assert_status(fake_run(sh, "smtproutes", "import", "routes.txt", NULL), API_DONE);
    const char *sent = fake_sent(sh);
    assert_contains(sent, "{\"method\":\"file.read\",\"name\":\"routes.txt\"}\n");
    assert_contains(sent, "\"key\":\"ALL\"");
    assert_string_equal(fake_shown(sh), "");
}

static void export_writes_what_import_reads(void **state)
{
    (void)state;
    fake_row(sh, "smtproutes",
             "{\"domain\":\"example.com\",\"destination\":\"mx.example.net\",\"tls\":\"default\"}");
    fake_row(sh, "smtproutes",
             "{\"domain\":\".example.org\",\"destination\":\"USEDNS\",\"tls\":\"required\"}");
    assert_status(fake_run(sh, "smtproutes", "export", "-", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "example.com mx.example.net\n.example.org USEDNS required\n");
    fake_sent(sh);
    assert_status(fake_run(sh, "smtproutes", "export", "routes.txt", NULL), API_DONE);
    assert_contains(fake_sent(sh),
                    "{\"first\":true,\"last\":true,\"method\":\"file.write\",\"name\":\"routes.txt\","
                    "\"text\":\"example.com mx.example.net\\n.example.org USEDNS required\\n\"}\n");
}

/* ---- commit and what belongs to it ---- */

#define COMMITTED "{\"revision\":7,\"time\":1790060700000000}"

static void commit_takes_a_comment_and_the_answer_about_rollback(void **state)
{
    (void)state;
    fake_reply(sh, "config.commit", API_DONE, COMMITTED, NULL);
    assert_status(fake_run(sh, "commit", "two words", "N", NULL), API_DONE);
    assert_string_equal(fake_sent(sh),
                        "{\"comment\":\"two words\",\"hidden\":true,\"method\":\"config.commit\"}\n");
    const char *shown = fake_shown(sh);
    assert_memory_equal(shown, "Changes committed: ", 19);
    assert_contains(shown, " 2026 ");
    assert_status(fake_run(sh, "commitdetail", NULL), API_DONE);
    assert_contains(fake_shown(sh), "Comments: two words\n");
}

static void commit_alone_or_with_y_has_no_comment(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fake_reply(sh, "config.commit", API_DONE, COMMITTED, NULL);
        assert_int_equal(i ? fake_run(sh, "commit", "-y", NULL) : fake_run(sh, "commit", NULL), API_DONE);
        assert_string_equal(fake_sent(sh),
                            "{\"comment\":\"\",\"hidden\":false,\"method\":\"config.commit\"}\n");
    }
}

static void commit_of_nothing_says_so_and_is_content(void **state)
{
    (void)state;
    fake_reply(sh, "config.commit", API_DONE, "{\"revision\":null}", NULL);
    assert_status(fake_run(sh, "commit", "x", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "There is no data to commit.\n");
}

static void verbs_of_commit_are_comments_when_quoted(void **state)
{
    (void)state;
    fake_reply(sh, "config.commit", API_DONE, NULL, NULL);
    assert_status(fake_run(sh, "commit", "check", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"check\":true,\"method\":\"config.commit\"}\n");
    assert_string_equal(fake_shown(sh), "");
    fake_reply(sh, "config.commit", API_DONE, COMMITTED, NULL);
    sh->quoted = "check";
    assert_status(fake_run(sh, "commit", "check", NULL), API_DONE);
    assert_string_equal(fake_sent(sh),
                        "{\"comment\":\"check\",\"hidden\":false,\"method\":\"config.commit\"}\n");
}

static void a_conflict_shows_all_three_sides_and_the_ways_out(void **state)
{
    (void)state;
    fake_reply(
        sh, "config.commit", API_CONFLICT,
        "{\"conflicts\":[{\"table\":\"smtproutes\",\"key\":\"example.com\",\"author\":\"bob\",\"revision\":9,"
        "\"time\":1790060700000000,\"base\":null,"
        "\"theirs\":{\"domain\":\"example.com\",\"destination\":\"a.example\"},"
        "\"mine\":{\"domain\":\"example.com\",\"destination\":\"b.example\"}}]}",
        NULL);
    assert_status(fake_run(sh, "commit", "x", NULL), API_CONFLICT);
    const char *shown = fake_shown(sh);
    assert_contains(shown, "smtproutes example.com: changed by bob, ");
    assert_contains(shown, "revision 9\n");
    assert_contains(shown, "    base    (nothing)\n    theirs  a.example\n    mine    b.example\n");
    assert_contains(shown, "commit rebase keep mine");
}

static void rebase_hands_on_the_decision(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "commit", "rebase", NULL), API_DONE);
    assert_string_equal(fake_sent(sh), "{\"method\":\"config.rebase\"}\n");
    assert_status(fake_run(sh, "commit", "rebase", "keep", "theirs", "smtproutes", "example.com", NULL),
                  API_DONE);
    assert_string_equal(fake_sent(sh), "{\"keep\":\"theirs\",\"key\":\"example.com\",\"method\":\"config."
                                       "rebase\",\"table\":\"smtproutes\"}\n");
    assert_status(fake_run(sh, "commit", "rebase", "keep", "ours", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "'ours' is not known here\nValid words: mine, theirs\n");
}

static void showchanges_is_a_tree_of_what_differs(void **state)
{
    (void)state;
    fake_reply(
        sh, "config.changes", API_DONE,
        "{\"changes\":["
        "{\"table\":\"antispam\",\"key\":\"\",\"before\":{\"timeout\":60,\"never-scan-size\":2097152},"
        "\"after\":{\"timeout\":30,\"never-scan-size\":2097152}},"
        "{\"table\":\"incoming-policy\",\"key\":\"DEFAULT\",\"before\":{\"positive-subject\":\"none\"},"
        "\"after\":{\"positive-subject\":\"prepend:[SPAM] \"}},"
        "{\"table\":\"smtproutes\",\"key\":\"a.example\",\"before\":null,"
        "\"after\":{\"domain\":\"a.example\",\"destination\":\"mx.example.net\",\"tls\":\"none\"}},"
        "{\"table\":\"smtproutes\",\"key\":\"b.example\",\"before\":{\"domain\":\"b.example\","
        "\"destination\":"
        "\"USEDNS\",\"tls\":\"default\"},\"after\":null}],\"count\":4}",
        NULL);
    assert_status(fake_run(sh, "showchanges", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "antispam\n"
                                        "  timeout: 60 -> 30\n"
                                        "incoming-policy\n"
                                        "  DEFAULT\n"
                                        "    positive-subject: none -> \"prepend:[SPAM] \"\n"
                                        "smtproutes\n"
                                        "  + a.example\n"
                                        "      destination: mx.example.net\n"
                                        "      tls: none\n"
                                        "  - b.example\n"
                                        "      destination: USEDNS\n"
                                        "      tls: default\n");
    assert_int_equal(json_array_size(json_object_get(sh->values, "changes")), 4);
}

static void what_is_out_of_range_is_told_with_the_range_and_not_sent(void **state)
{
    (void)state;
    char comment[API_COMMENT_MAX + 2] = "";
    memset(comment, 'x', sizeof comment - 1);
    assert_status(fake_run(sh, "commit", comment, NULL), API_USAGE);
    assert_contains(fake_shown(sh), "the comment has 1001 bytes; it may have 1000");
    static const char *const wrong[] = {"0", "10001", "many"};
    for (size_t i = 0; i < 3; i++) {
        assert_status(fake_run(sh, "tail", "-n", wrong[i], "mail_logs", NULL), API_USAGE);
        assert_contains(fake_shown(sh), "' is not a number of lines from 1 to 10000\n");
    }
    assert_string_equal(fake_sent(sh), "");
}

static void rollback_takes_a_revision_and_a_table(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "rollbackconfig", "12", "--table=smtproutes", NULL), API_DONE);
    assert_string_equal(
        fake_sent(sh),
        "{\"method\":\"config.rollback\",\"preview\":false,\"revision\":\"12\",\"table\":\"smtproutes\"}\n");
    assert_status(fake_run(sh, "rollbackconfig", "preview", "12", NULL), API_DONE);
    assert_string_equal(fake_sent(sh),
                        "{\"method\":\"config.rollback\",\"preview\":true,\"revision\":\"12\"}\n");
    assert_status(fake_run(sh, "rollbackconfig", "preview", "12", "--table=antispam", NULL), API_DONE);
    assert_contains(fake_sent(sh), "\"preview\":true,\"revision\":\"12\",\"table\":\"antispam\"}\n");
    assert_status(fake_run(sh, "rollbackconfig", "preview", "12", "antispam", NULL), API_USAGE);
    assert_status(fake_run(sh, "rollbackconfig", "rescue", NULL), API_DONE);
    assert_contains(fake_sent(sh), "\"preview\":false,\"revision\":\"rescue\"}\n");
}

/* ---- the rest ---- */

static void grep_joins_its_expressions(void **state)
{
    (void)state;
    fake_reply(sh, "grep", API_DONE, "{\"lines\":0}", NULL);
    assert_status(fake_run(sh, "grep", "-i", "-e", "MID 1", "-e", "MID 2", "mail_logs", NULL), API_DONE);
    assert_contains(fake_sent(sh),
                    "\"expression\":\"(?:MID 1)|(?:MID 2)\",\"ignore_case\":true,\"log\":\"mail_logs\"");
    assert_string_equal(fake_shown(sh),
                        "No results were found. Use another regular expression(s) to search.\n");
    fake_reply(sh, "grep", API_DONE, "{\"lines\":1}", "a line\n");
    assert_status(fake_run(sh, "grep", "MID 1", "mail_logs", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "a line\n");
    assert_status(fake_run(sh, "grep", "MID", "1", "mail_logs", NULL), API_USAGE);
}

static void who_shows_times_as_people_read_them(void **state)
{
    (void)state;
    fake_reply(sh, "who", API_DONE,
               "{\"sessions\":[{\"user\":\"admin\",\"role\":\"administrator\",\"login\":1000000000000000,"
               "\"idle\":225,"
               "\"from\":\"192.0.2.9\",\"what\":\"cli\"}]}",
               NULL);
    assert_status(fake_run(sh, "who", NULL), API_DONE);
    assert_string_equal(fake_shown(sh), "Username | Role | Login Time | Idle Time | Remote Host | What\n"
                                        "admin | administrator | 09 Sep 2001 | 3m 45s | 192.0.2.9 | cli\n");
}

static void help_is_read_from_the_tables(void **state)
{
    (void)state;
    assert_status(fake_run(sh, "h", "antispamconfig", NULL), API_DONE);
    const char *shown = fake_shown(sh);
    assert_contains(shown,
                    "\n  antispamconfig setup off|on [--never-scan-size=SIZE] [--always-scan-size=SIZE] "
                    "[--timeout=1..120]\n      [--profile=normal|aggressive]\n");
    assert_contains(shown, "  --timeout ");
    assert_contains(shown, "from 1 to 120 seconds; default 60\n");
    assert_status(fake_run(sh, "help", "policyconfig", NULL), API_DONE);
    shown = fake_shown(sh);
    assert_contains(shown, "\n  policyconfig incoming|outgoing print\n");
    assert_contains(shown, "\n  policyconfig incoming|outgoing edit NAME antispam off|on ");
    assert_status(fake_run(sh, "help", "commit", NULL), API_DONE);
    shown = fake_shown(sh);
    assert_contains(shown, "\n  commit rebase\n  commit rebase keep mine [TABLE [ROW]]\n");
    assert_status(fake_run(sh, "help", "comit", NULL), API_USAGE);
    assert_contains(fake_shown(sh), "Unknown command or missing feature key: comit\n");
}

static void on_a_terminal_an_import_says_how_it_ends_and_a_check_how_it_went(void **state)
{
    (void)state;
    sh->interactive = true;
    sh->data = "example.com mx.example.net\n";
    assert_status(fake_run(sh, "smtproutes", "import", "-", NULL), API_DONE);
    assert_contains(fake_shown(sh), "Enter '.' on its own line to end.\n");
    assert_status(fake_run(sh, "commit", "check", NULL), API_DONE);
    assert_contains(fake_shown(sh), "The changes can be committed.\n");
}

static void a_commit_is_found_by_its_id(void **state)
{
    (void)state;
    fake_reply(sh, "config.lookup", API_DONE, "{\"revision\":7,\"time\":0,\"comment\":\"why\"}", NULL);
    assert_status(fake_run(sh, "commitdetail", "0123456789abcdef", NULL), API_DONE);
    assert_contains(fake_shown(sh), "  Revision: 7\n  Comments: why\n");
    fake_reply(sh, "config.lookup", API_DONE, "{\"revision\":null}", NULL);
    assert_status(fake_run(sh, "commitdetail", "0123456789abcdef", NULL), API_FAILED);
    assert_contains(fake_shown(sh), "commit '0123456789abcdef' does not exist\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, without_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_command_names_itself_first_and_then_the_nearest),
        TEST(an_unknown_word_names_the_nearest_and_all_valid_ones),
        TEST(names_of_commands_and_verbs_may_be_in_any_case),
        TEST(a_command_has_its_aliases),
        TEST(a_commit_is_found_by_its_id),
        TEST(on_a_terminal_an_import_says_how_it_ends_and_a_check_how_it_went),
        TEST(a_wrong_number_of_words_shows_the_usage),
        TEST(the_table_is_sorted_and_every_command_says_what_it_is),
        TEST(what_a_menu_offers_can_be_written_in_a_line),
        TEST(options_of_a_line_come_in_any_order_and_only_what_was_given_is_sent),
        TEST(a_value_out_of_range_names_field_value_and_range),
        TEST(the_first_secret_of_a_command_is_found_as_it_will_be_read),
        TEST(an_unknown_option_names_the_nearest),
        TEST(words_of_a_form_can_be_missing_double_or_too_many),
        TEST(setup_on_accepts_the_licence_and_scans_under_the_default_policy),
        TEST(setup_on_leaves_policies_alone_once_the_licence_is_accepted),
        TEST(setup_off_accepts_nothing),
        TEST(a_route_is_added_without_asking_the_daemon_anything),
        TEST(a_key_that_cannot_be_one_is_refused_before_it_is_sent),
        TEST(import_replaces_all_rows_by_those_of_the_input),
        TEST(import_with_a_wrong_line_names_it_and_sends_nothing),
        TEST(import_of_nothing_is_refused),
        TEST(a_large_import_is_sent_in_pieces_of_which_only_the_last_counts),
        TEST(import_reads_a_file_of_the_configuration_directory),
        TEST(export_writes_what_import_reads),
        TEST(commit_takes_a_comment_and_the_answer_about_rollback),
        TEST(commit_alone_or_with_y_has_no_comment),
        TEST(commit_of_nothing_says_so_and_is_content),
        TEST(verbs_of_commit_are_comments_when_quoted),
        TEST(a_conflict_shows_all_three_sides_and_the_ways_out),
        TEST(rebase_hands_on_the_decision),
        TEST(showchanges_is_a_tree_of_what_differs),
        TEST(what_is_out_of_range_is_told_with_the_range_and_not_sent),
        TEST(rollback_takes_a_revision_and_a_table),
        TEST(grep_joins_its_expressions),
        TEST(who_shows_times_as_people_read_them),
        TEST(help_is_read_from_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
