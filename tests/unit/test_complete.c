/* What may come next in a line: from the tables of commands, and names from the daemon. */
#include "commands/complete.h"
#include "tests/unit/shell_fixture.h"

enum { WORDS_MOST = 10 };

/* The words that may follow `line` (words with single blanks; behind the last blank is the partial one), with a blank
 * between them; valid until the next call. */
static const char *after(const char *line)
{
    static struct buf said;
    static char copy[256];
    char *words[WORDS_MOST], *partial = copy;
    int count = 0;
    struct completions c;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *blank; (blank = strchr(partial, ' ')); partial = blank + 1) {
        *blank = '\0';
        words[count++] = partial;
    }
    complete_words(sh, count, words, partial, &c);
    buf_clear(&said);
    for (size_t i = 0; i < c.count; i++)
        buf_printf(&said, "%s%s", i ? " " : "", c.items[i].word);
    completions_free(&c);
    return buf_text(&said);
}

static void commands_verbs_options_and_values_come_from_their_tables(void **state)
{
    (void)state;
    assert_string_equal(after("antis"), "antispamconfig antispamstatus antispamupdate");
    assert_string_equal(after("ANTISPAMC"), "antispamconfig");
    assert_string_equal(after("policyconfig "), "incoming outgoing");
    assert_string_equal(after("policyconfig in"), "incoming");
    assert_string_equal(after("antispamconfig setup "),
                        "off on --never-scan-size= --always-scan-size= --timeout= --profile=");
    assert_string_equal(after("antispamconfig setup on --p"), "--profile=");
    assert_string_equal(after("antispamconfig setup on --profile="), "--profile=normal --profile=aggressive");
    assert_string_equal(after("antispamconfig setup on --profile=a"), "--profile=aggressive");
    assert_string_equal(after("antispamconfig setup on --profile=normal --p"), "");
    assert_string_equal(after("antispamconfig nonsense "), "");
    assert_string_equal(after("nonsense "), "");
    assert_string_equal(after("help sus"), "suspend suspenddel suspendlistener");
}

static void names_of_rows_come_from_the_daemon_where_they_must_exist(void **state)
{
    (void)state;
    fake_reply(sh, "config.keys", API_DONE, "{\"keys\":[\"example.com\",\"a b\"]}", NULL);
    assert_string_equal(after("smtproutes edit "), "example.com \"a b\"");
    assert_string_equal(fake_sent(sh),
                        "{\"method\":\"config.keys\",\"prefix\":\"\",\"table\":\"smtproutes\"}\n");
    assert_string_equal(after("smtproutes new "), "");
    fake_reply(sh, "config.keys", API_DONE, "{\"keys\":[\"example.com\"]}", NULL);
    assert_string_equal(after("listenerconfig edit public rcptaccess delete ex"), "example.com");
    assert_string_equal(fake_sent(sh), "{\"method\":\"config.keys\",\"owner\":\"public\",\"prefix\":\"ex\","
                                       "\"table\":\"rcptaccess\"}\n");
    fake_reply(sh, "logs", API_DONE, "{\"logs\":[\"mail_logs\",\"cli_logs\"]}", NULL);
    assert_string_equal(after("tail m"), "mail_logs");
    fake_reply(sh, "config.history", API_DONE, "{\"revisions\":[],\"labels\":[\"rescue\"]}", NULL);
    assert_string_equal(after("rollbackconfig r"), "rescue");
}

static void in_a_cluster_the_words_about_levels_follow_commands_with_tables(void **state)
{
    (void)state;
    assert_string_equal(after("smtproutes cl"), "clear");
    sh->level = "group/eu";
    assert_string_equal(after("smtproutes cl"), "clusterset clustershow clear");
    assert_string_equal(after("certconfig clusterset "), "new delete copy move");
    assert_string_equal(after("rollbackconfig cl"), "");
}

static void a_daemon_that_does_not_answer_leaves_the_words_that_are_known(void **state)
{
    (void)state;
    fake_reply(sh, "config.history", API_FAILED, NULL, NULL);
    assert_string_equal(after("rollbackconfig "), "list log label unlabel preview");
}

static void what_is_free_text_is_hinted_at(void **state)
{
    (void)state;
    struct completions c;
    char *words[] = {(char *)"antispamconfig", (char *)"setup", (char *)"on"};
    complete_words(sh, 3, words, "--timeout=", &c);
    assert_int_equal(c.count, 0);
    assert_non_null(strstr(buf_text(&c.hint), "1..120"));
    completions_free(&c);
    char *import[] = {(char *)"smtproutes", (char *)"import"};
    complete_words(sh, 2, import, "", &c);
    assert_string_equal(buf_text(&c.hint), "FILE|-");
    completions_free(&c);
}

/* ---- what is offered is understood ---- */

static void try(int count, char **words)
{
    struct shell *runs = fake_shell(false);
    command_run(runs, count, words);
    if (strstr(fake_shown(runs), "not known here") || strstr(fake_shown(runs), "Unknown command"))
        fail_msg("'%s ... %s' is offered and not understood", words[0], words[count - 1]);
    fake_shell_free(runs);
}

/* Each word that leads on is followed; objects are a name that is none. */
static void walk(int count, char **words)
{
    struct completions c;
    static char object[] = "x";
    if (count == WORDS_MOST)
        return;
    complete_words(sh, count, words, "", &c);
    for (size_t i = 0; i < c.count; i++) {
        words[count] = (char *)c.items[i].word;
        if (strncmp(words[count], "--", 2) == 0)
            continue;
        try(count + 1, words);
        walk(count + 1, words);
    }
    if (c.count == 0 && c.hint.len && strchr(buf_text(&c.hint), ' ') == NULL && count < 5) {
        words[count] = object;
        walk(count + 1, words);
    }
    completions_free(&c);
}

static void every_word_that_is_offered_is_understood(void **state)
{
    (void)state;
    char *words[WORDS_MOST];
    for (size_t i = 0; command_table[i]; i++) {
        words[0] = (char *)command_table[i]->name;
        if (!(command_table[i]->flags & COMMAND_ABOUT_COMMANDS))
            walk(1, words);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, on_a_terminal, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(commands_verbs_options_and_values_come_from_their_tables),
        TEST(names_of_rows_come_from_the_daemon_where_they_must_exist),
        TEST(in_a_cluster_the_words_about_levels_follow_commands_with_tables),
        TEST(a_daemon_that_does_not_answer_leaves_the_words_that_are_known),
        TEST(what_is_free_text_is_hinted_at),
        TEST(every_word_that_is_offered_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
