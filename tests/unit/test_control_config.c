/* config.*: edits of a candidate, all or none; what is pending; commits, conflicts and roll-backs as a session sees them. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/control/session.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"
#include "tests/unit/control_fixture.h"

#define ID "0123456789abcdef"
#define NEW_ROUTE(domain, to)                                                                                \
    "{'method':'config.edit','edits':[{'table':'smtproutes','verb':'new','key':'" domain                     \
    "','fields':{'destination':'" to "'}}]}"
#define EDIT_ANTISPAM(field, value)                                                                          \
    "{'method':'config.edit','edits':[{'table':'antispam','verb':'edit','fields':{'" field "':" value "}}]}"

static void expect_done(const char *request)
{
    shell_expect(sh, request, 0, NULL);
}

/* A new reference. */
static json_t *result_of(struct shell *of, const char *request)
{
    json_t *end = shell_ask(of, request);
    json_t *result = json_incref(json_object_get(end, "result"));
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    json_decref(end);
    return result;
}

static json_int_t pending(struct shell *of)
{
    json_t *result = result_of(of, "{'method':'config.changes'}");
    json_int_t count = json_integer_value(json_object_get(result, "count"));
    assert_int_equal(count, json_array_size(json_object_get(result, "changes")));
    json_decref(result);
    return count;
}

/* The rows of a table (a new reference). */
static json_t *rows_of(struct shell *of, const char *request)
{
    json_t *end = shell_ask(of, request), *rows = json_array();
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    size_t i;
    json_t *part;
    json_array_foreach(of->parts, i, part) json_array_extend(rows, json_object_get(part, "rows"));
    json_decref(end);
    return rows;
}

static size_t routes(struct shell *of)
{
    json_t *rows = rows_of(of, "{'method':'config.get','table':'smtproutes'}");
    size_t count = json_array_size(rows);
    json_decref(rows);
    return count;
}

/* ---- edits ---- */

static void an_edit_is_seen_by_its_session_alone(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    expect_done(EDIT_ANTISPAM("timeout", "30"));
    json_t *mine = rows_of(sh, "{'method':'config.get','table':'antispam'}");
    json_t *running = rows_of(sh, "{'method':'config.get','table':'antispam','running':true}");
    json_t *others = rows_of(other, "{'method':'config.get','table':'antispam'}");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(mine, 0), "timeout")), 30);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(running, 0), "timeout")), 60);
    assert_true(json_equal(running, others));
    assert_int_equal(pending(sh), 1);
    assert_int_equal(pending(other), 0);
    json_decref(mine);
    json_decref(running);
    json_decref(others);
    shell_close(other);
}

static void a_change_names_level_table_key_before_and_after(void **state)
{
    (void)state;
    expect_done(NEW_ROUTE("Example.com", "mx.example.com:26"));
    json_t *result = result_of(sh, "{'method':'config.changes'}");
    json_t *wanted = json_pack("[{s:s,s:s,s:s,s:n,s:{s:s,s:s,s:s}}]", "level", "machine/test", "table",
                               "smtproutes", "key", "example.com", "before", "after", "domain", "example.com",
                               "destination", "mx.example.com:26", "tls", "default");
    assert_true(json_equal(json_object_get(result, "changes"), wanted));
    json_decref(wanted);
    json_decref(result);
}

static void what_was_typed_and_what_is_json_are_the_same_values(void **state)
{
    (void)state;
    expect_done(EDIT_ANTISPAM("enabled", "true"));
    expect_done(EDIT_ANTISPAM("never-scan-size", "'3M'"));
    json_t *typed = rows_of(sh, "{'method':'config.get','table':'antispam'}");
    expect_done("{'method':'config.clear'}");
    expect_done(EDIT_ANTISPAM("enabled", "'on'"));
    expect_done(EDIT_ANTISPAM("never-scan-size", "3145728"));
    json_t *json = rows_of(sh, "{'method':'config.get','table':'antispam'}");
    assert_true(json_equal(typed, json));
    json_decref(typed);
    json_decref(json);
}

static void present_values_leave_nothing_pending(void **state)
{
    (void)state;
    expect_done(EDIT_ANTISPAM("timeout", "60"));
    assert_int_equal(pending(sh), 0);
    expect_done(NEW_ROUTE("example.com", "mx.example.com"));
    expect_done(NEW_ROUTE("EXAMPLE.com", "mx.example.com"));
    assert_int_equal(pending(sh), 1);
    expect_done(
        "{'method':'config.edit','edits':[{'table':'smtproutes','verb':'delete','key':'example.com'}]}");
    assert_int_equal(pending(sh), 0);
}

static void each_wrong_edit_has_its_error(void **state)
{
    (void)state;
    static const struct {
        const char *edit;
        int status;
        const char *code, *error; /* error: what it says, among other words */
    } cases[] = {
        {"{'table':'antispam','verb':'edit','fields':{'timeout':121}}", 2, "invalid-value", "timeout"},
        {"{'table':'antispam','verb':'edit','fields':{'timeout':'soon'}}", 2, "invalid-value", "soon"},
        {"{'table':'antispam','verb':'edit','fields':{'timeout':null}}", 2, "invalid-value", "timeout"},
        {"{'table':'antispam','verb':'edit','fields':{'timeuot':1}}", 2, "invalid-value", "timeout"},
        {"{'table':'antispam','verb':'edit'}", 2, "invalid-arguments", "fields"},
        {"{'table':'antispam','verb':'edit','key':'x','fields':{}}", 2, "invalid-arguments", "key"},
        {"{'table':'antispam','verb':'delete'}", 1, "wrong-state", "antispam cannot be deleted"},
        {"{'table':'antispam','verb':'clear'}", 1, "wrong-state", "antispam"},
        {"{'table':'antispan','verb':'edit','fields':{}}", 2, "invalid-arguments", "'antispan'"},
        {"{'table':'antispam','verb':'replace','fields':{}}", 2, "invalid-arguments", "'replace'"},
        {"{'table':'antispam','verb':'edit','fields':[]}", 2, "bad-request", "fields"},
        {"{'table':'antispam','verb':'edit','fields':{},'x':1}", 2, "bad-request", "'x'"},
        {"{'table':7,'verb':'edit','fields':{}}", 2, "bad-request", "table"},
        {"{'verb':'edit','fields':{}}", 2, "bad-request", "table"},
        {"7", 2, "bad-request", "object"},
        {"{'table':'smtproutes','verb':'edit','key':'x','fields':{}}", 1, "not-found",
         "SMTP route 'x' does not exist"},
        {"{'table':'smtproutes','verb':'delete','key':'x'}", 1, "not-found", "SMTP route 'x' does not exist"},
        {"{'table':'smtproutes','verb':'delete'}", 2, "invalid-arguments", "key"},
        {"{'table':'smtproutes','verb':'delete','key':'x','fields':{}}", 2, "invalid-arguments", "fields"},
        {"{'table':'smtproutes','verb':'clear','key':'x'}", 2, "invalid-arguments", "key"},
        {"{'table':'smtproutes','verb':'new','key':'','fields':{'destination':'a.example.com'}}", 2,
         "invalid-value", "domain"},
        {"{'table':'smtproutes','verb':'new','key':'a b','fields':{'destination':'a.example.com'}}", 2,
         "invalid-value", "a b"},
        {"{'table':'smtproutes','verb':'new','key':'example.com','fields':{}}", 2, "invalid-value",
         "destination"},
        {"{'table':'smtproutes','verb':'new','key':'example.com','fields':{'domain':'example.org',"
         "'destination':'a.example.com'}}",
         2, "invalid-arguments", "domain"},
        {"{'table':'incoming-policy','verb':'delete','key':'DEFAULT'}", 1, "wrong-state",
         "policy 'DEFAULT' cannot be deleted"},
        {"{'table':'multiscan','verb':'edit','fields':{'enabled':true}}", 3, "missing-feature-key",
         "missing feature key: multiscan"},
        {"{'table':'incoming-policy','verb':'edit','key':'DEFAULT','fields':{'engine':'multiscan'}}", 3,
         "missing-feature-key", "missing feature key: multiscan"},
        {"{'table':'outgoing-policy','verb':'new','key':'p','fields':{'engine':'multiscan'}}", 3,
         "missing-feature-key", "missing feature key: multiscan"},
        {"{'table':'graymail','verb':'edit','fields':{'safe-unsubscribe':true}}", 3, "missing-feature-key",
         "missing feature key: safe-unsubscribe"},
        {"{'table':'incoming-policy','verb':'new','key':'p','fields':{'safe-unsubscribe':true}}", 3,
         "missing-feature-key", "missing feature key: safe-unsubscribe"},
        {"{'table':'incoming-policy','verb':'edit','key':'DEFAULT','fields':{'positive-threshold':60,"
         "'suspect-threshold':70}}",
         2, "invalid-value", "threshold"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf request = {0};
        buf_printf(&request, "{'method':'config.edit','edits':[%s]}", cases[i].edit);
        shell_expect(sh, buf_text(&request), cases[i].status, cases[i].code);
        const char *error = shell_error(sh, buf_text(&request));
        if (!strstr(error, cases[i].error))
            fail_msg("%s was answered %s", request.data, error);
        buf_free(&request);
    }
    assert_int_equal(pending(sh), 0);
}

static void new_of_a_different_row_is_an_error_and_put_is_none(void **state)
{
    (void)state;
    expect_done(NEW_ROUTE("example.com", "a.example.com"));
    shell_expect(sh, NEW_ROUTE("example.com", "b.example.com"), 1, "exists");
    expect_done("{'method':'config.edit','edits':[{'table':'smtproutes','verb':'put','key':'example.com',"
                "'fields':{'destination':'b.example.com'}}]}");
    json_t *rows = rows_of(sh, "{'method':'config.get','table':'smtproutes','key':'EXAMPLE.COM'}");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "destination")),
                        "b.example.com");
    json_decref(rows);
    shell_expect(sh, "{'method':'config.get','table':'smtproutes','key':'no'}", 1, "not-found");
    shell_expect(sh, "{'method':'config.get','table':'antispam','key':'no'}", 2, "invalid-arguments");
}

static void clear_leaves_fixed_rows_alone(void **state)
{
    (void)state;
    expect_done(
        "{'method':'config.edit','edits':[{'table':'incoming-policy','verb':'new','key':'p','fields':{}},"
        "{'table':'incoming-policy','verb':'clear'},{'table':'smtproutes','verb':'clear'}]}");
    assert_int_equal(pending(sh), 0);
    json_t *rows = rows_of(sh, "{'method':'config.get','table':'incoming-policy'}");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
}

static void all_edits_of_a_request_are_done_or_none(void **state)
{
    (void)state;
    json_t *end =
        shell_ask(sh, "{'method':'config.edit','edits':["
                      "{'table':'antispam','verb':'edit','fields':{'timeout':30}},"
                      "{'table':'smtproutes','verb':'new','key':'a.com','fields':{'destination':'USEDNS'}},"
                      "{'table':'smtproutes','verb':'delete','key':'b.com'}]}");
    assert_int_equal(json_integer_value(json_object_get(end, "edit")), 2);
    assert_string_equal(json_string_value(json_object_get(end, "code")), "not-found");
    json_decref(end);
    assert_int_equal(pending(sh), 0);
}

/* ---- pieces ---- */

#define PIECE(domain, more)                                                                                  \
    "{'method':'config.edit','more':" more                                                                   \
    ",'pipeline':true,'edits':[{'table':'smtproutes','verb':'new','key':'" domain                            \
    "','fields':{'destination':'USEDNS'}}]}"

static void pieces_count_with_the_last_one(void **state)
{
    (void)state;
    expect_done(PIECE("a.com", "true"));
    expect_done(PIECE("b.com", "true"));
    expect_done(PIECE("c.com", "false"));
    assert_int_equal(routes(sh), 3);
}

static void a_wrong_piece_undoes_the_others(void **state)
{
    (void)state;
    shell_send(sh, PIECE("a.com", "true"));
    shell_send(sh, PIECE("b b", "true"));
    shell_send(sh, PIECE("c.com", "false"));
    static const char *const codes[] = {NULL, "invalid-value", "skipped"};
    for (int i = 0; i < 3; i++) {
        json_t *end = shell_answer(sh);
        const char *code = json_string_value(json_object_get(end, "code"));
        assert_true(codes[i] ? code && strcmp(code, codes[i]) == 0 : !code);
        json_decref(end);
    }
    shell_expect(sh, PIECE("d.com", "true"), 1, "skipped");
    expect_done(NEW_ROUTE("e.com", "USEDNS"));
    assert_int_equal(routes(sh), 1);
}

static void another_request_drops_pieces_without_an_end(void **state)
{
    (void)state;
    expect_done(PIECE("a.com", "true"));
    assert_int_equal(pending(sh), 0);
    expect_done(PIECE("b.com", "false"));
    assert_int_equal(routes(sh), 1);
}

/* ---- commit ---- */

static void commit_hands_over_the_candidate_and_tells_the_revision(void **state)
{
    (void)state;
    expect_done("{'method':'hello','from':'ssh 192.0.2.1'}");
    expect_done(NEW_ROUTE("a.com", "USEDNS"));
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "','comment':'say\\u0007 it','hidden':true}");
    assert_true(played.committing);
    assert_string_equal(played.commit.manifest.commit_id, ID);
    assert_string_equal(played.commit.manifest.source, "ssh 192.0.2.1");
    assert_true(played.commit.manifest.hidden);
    assert_false(played.commit.check_only);
    played.handler.warning(played.handler.context, "that is much");
    played_commit_done();
    json_t *end = shell_answer(sh);
    const json_t *result = json_object_get(end, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "revision")), 2);
    assert_true(json_is_true(json_object_get(result, "applied")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(end, "warnings"), 0)),
                        "that is much");
    assert_non_null(strstr(played.audit, "session.open ")); /* the commit path records what it did */
    json_decref(end);
    assert_int_equal(pending(sh), 0);
    assert_int_equal(routes(sh), 1);
}

static void a_refused_commit_names_the_role_and_keeps_the_candidate(void **state)
{
    (void)state;
    expect_done(NEW_ROUTE("a.com", "USEDNS"));
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_refused(API_ERROR_NOT_PREPARED, "no room");
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 4);
    assert_string_equal(json_string_value(json_object_get(end, "role")), "scan");
    assert_string_equal(json_string_value(json_object_get(end, "error")), "no room");
    json_decref(end);
    assert_int_equal(pending(sh), 1);
    shell_expect(sh, "{'method':'config.commit','commit_id':'0123456789abcde_'}", 2, "bad-request");
}

static void a_commit_cannot_be_cancelled_and_is_forgotten_with_its_session(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    shell_send(other, NEW_ROUTE("a.com", "USEDNS"));
    shell_send(other, "{'method':'config.commit','commit_id':'" ID "'}");
    shell_send(other, "{'method':'cancel'}");
    assert_true(played.committing);
    shell_close(other);
    assert_int_equal(played.forgotten, 1);
    assert_false(played.committing);
}

static void lookup_waits_for_a_commit_that_is_under_way(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    shell_expect(sh, NEW_ROUTE("a.com", "USEDNS"), 0, NULL);
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    shell_send(other, "{'method':'config.lookup','commit_id':'" ID "'}");
    control_run();
    played_commit_done();
    json_t *end = shell_answer(other);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(end, "result"), "revision")), 2);
    json_decref(end);
    played.store_fails = true; /* then it is not known that there is none */
    shell_expect(other, "{'method':'config.lookup','commit_id':'ffffffffffffffff'}", 1, "failed");
    played.store_fails = false;
    end = shell_ask(other, "{'method':'config.lookup','commit_id':'ffffffffffffffff'}");
    assert_true(json_is_null(json_object_get(json_object_get(end, "result"), "revision")));
    json_decref(end);
    json_decref(shell_answer(sh));
    shell_close(other);
}

/* Two sessions change the same row; the first commits. */
static struct shell *make_conflict(void)
{
    struct shell *other = shell_open();
    shell_expect(other, NEW_ROUTE("a.com", "theirs.example.com"), 0, NULL);
    shell_expect(sh, NEW_ROUTE("a.com", "mine.example.com"), 0, NULL);
    shell_send(other, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_done();
    json_decref(shell_answer(other));
    return other;
}

static void a_conflict_tells_base_theirs_mine_who_and_when_and_keep_ends_it(void **state)
{
    (void)state;
    struct shell *other = make_conflict();
    json_t *end = shell_ask(sh, "{'method':'config.rebase'}");
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 5);
    const json_t *conflict = json_array_get(json_object_get(end, "conflicts"), 0);
    assert_string_equal(json_string_value(json_object_get(conflict, "key")), "a.com");
    assert_true(json_is_null(json_object_get(conflict, "base")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(conflict, "theirs"), "destination")),
        "theirs.example.com");
    assert_string_equal(json_string_value(json_object_get(json_object_get(conflict, "mine"), "destination")),
                        "mine.example.com");
    assert_string_equal(json_string_value(json_object_get(conflict, "author")), "ann");
    assert_int_equal(json_integer_value(json_object_get(conflict, "revision")), 2);
    assert_int_equal(json_integer_value(json_object_get(conflict, "time")), 1000);
    json_decref(end);
    shell_expect(sh, "{'method':'config.rebase','keep':'both'}", 2, "invalid-arguments");
    shell_expect(sh, "{'method':'config.rebase','keep':'mine','key':'a.com'}", 2, "invalid-arguments");
    shell_expect(sh, "{'method':'config.rebase','table':'smtproutes'}", 2, "invalid-arguments");
    shell_expect(sh, "{'method':'config.rebase','keep':'mine','table':'smtproutes','key':'b.com'}", 5,
                 "conflict");
    expect_done("{'method':'config.rebase','keep':'mine','table':'smtproutes','key':'A.com'}");
    assert_int_equal(pending(sh), 1);
    static const char in_vain[] =
        "{'method':'config.rebase','keep':'theirs','table':'smtproutes','key':'A.com'}";
    shell_expect(sh, in_vain, 1, "wrong-state");
    assert_string_equal(shell_error(sh, in_vain), "SMTP route 'A.com' is not in conflict");
    assert_int_equal(pending(sh), 1);
    shell_close(other);
}

static void keep_theirs_leaves_nothing_pending(void **state)
{
    (void)state;
    struct shell *other = make_conflict();
    expect_done("{'method':'config.rebase','keep':'theirs'}");
    assert_int_equal(pending(sh), 0);
    shell_close(other);
}

static void an_unchanged_candidate_follows_the_head(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    assert_int_equal(routes(other), 0);
    expect_done(NEW_ROUTE("a.com", "USEDNS"));
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_done();
    json_decref(shell_answer(sh));
    assert_int_equal(routes(other), 1);
    assert_int_equal(pending(other), 0);
    shell_close(other);
}

/* ---- roll-back, history ---- */

static void rollback_fills_the_candidate_and_preview_does_not(void **state)
{
    (void)state;
    expect_done(NEW_ROUTE("a.com", "USEDNS"));
    expect_done(EDIT_ANTISPAM("timeout", "30"));
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_done();
    json_decref(shell_answer(sh));
    json_t *preview = result_of(sh, "{'method':'config.rollback','revision':'1','preview':true}");
    assert_int_equal(json_integer_value(json_object_get(preview, "count")), 2);
    json_decref(preview);
    assert_int_equal(pending(sh), 0);
    expect_done("{'method':'config.rollback','revision':'1','table':'antispam'}");
    assert_int_equal(pending(sh), 1);
    expect_done("{'method':'config.rollback','revision':'1'}");
    assert_int_equal(pending(sh), 2);
    shell_expect(sh, "{'method':'config.rollback','revision':'77'}", 1, "not-found");
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "2'}");
    assert_int_equal(played.commit.manifest.rollback_of, 1);
    played_commit_done();
    json_decref(shell_answer(sh));
    assert_int_equal(routes(sh), 0);
}

static void a_rollback_that_was_edited_is_none(void **state)
{
    (void)state;
    expect_done("{'method':'config.rollback','revision':'1'}");
    expect_done(NEW_ROUTE("a.com", "USEDNS"));
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    assert_int_equal(played.commit.manifest.rollback_of, 0);
    played_commit_done();
    json_decref(shell_answer(sh));
    json_t *result = result_of(sh, "{'method':'config.history'}");
    const json_t *newest = json_array_get(json_object_get(result, "revisions"), 0);
    assert_int_equal(json_integer_value(json_object_get(newest, "revision")), 2);
    assert_string_equal(json_string_value(json_object_get(newest, "author")), "ann");
    assert_true(json_is_true(json_object_get(newest, "running")));
    json_decref(result);
}

/* ---- large tables ---- */

enum { MANY = 100000 };

static void add_many_routes(void)
{
    struct buf request = {0};
    char key[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "d%06d.example.com", i);
        buf_printf(&request,
                   "%s{'table':'smtproutes','verb':'put','key':'%s','fields':{'destination':'USEDNS'}}",
                   request.len ? "," : "{'method':'config.edit','more':true,'edits':[", key);
        if (i % 5000 == 4999) {
            buf_printf(&request, "]}");
            expect_done(buf_text(&request));
            buf_clear(&request);
        }
    }
    expect_done("{'method':'config.edit','edits':[]}");
    buf_free(&request);
}

static void show_and_get_wait_for_a_shell_that_does_not_read(void **state)
{
    (void)state;
    add_many_routes();
    shell_send(sh, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_done();
    json_decref(shell_answer(sh));
    uint64_t id = (uint64_t)json_integer_value(json_object_get(sh->greeting, "session"));
    shell_send(sh, "{'method':'config.show'}");
    control_run();
    assert_true(session_is_full(id)); /* it stopped there, and the other session is served */
    struct shell *other = shell_open();
    shell_expect(other, "{'method':'version'}", 0, NULL);
    json_t *end = shell_answer(sh);
    struct buf text = {0};
    size_t i;
    json_t *part;
    json_array_foreach(sh->parts, i, part)
        buf_append_span(&text, span_text(json_string_value(json_object_get(part, "text"))));
    assert_true(json_array_size(sh->parts) > 100);
    json_t *shown = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(shown);
    json_t *tables = json_object_get(shown, "tables");
    assert_int_equal(json_object_size(tables), SCHEMA_TABLE_COUNT - 3); /* but those of the cluster itself */
    json_t *rows = rows_of(other, "{'method':'config.get','table':'smtproutes'}");
    assert_int_equal(json_array_size(rows), MANY);
    assert_true(json_equal(json_object_get(tables, "smtproutes"), rows));
    json_decref(rows);
    json_decref(shown);
    json_decref(end);
    buf_free(&text);
    shell_close(other);
}

static void a_session_may_end_in_the_middle_of_an_answer(void **state)
{
    (void)state;
    add_many_routes();
    struct shell *other = shell_open();
    shell_send(sh, "{'method':'config.get','table':'smtproutes'}");
    control_run();
    shell_close(sh);
    sh = other;
    expect_done("{'method':'version'}");
}

static void show_is_pretty_and_the_same_each_time(void **state)
{
    (void)state;
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        json_decref(shell_ask(sh, "{'method':'config.show'}"));
        assert_int_equal(json_array_size(sh->parts), 1);
        texts[i] = xstrdup(json_string_value(json_object_get(json_array_get(sh->parts, 0), "text")));
    }
    assert_string_equal(texts[0], texts[1]);
    static const char start[] =
        "{\n  \"revision\": 1,\n  \"tables\": {\n    \"gateway\": {\n      \"hostname\": \"\"\n    },\n";
    assert_memory_equal(texts[0], start, sizeof start - 1);
    assert_non_null(
        strstr(texts[0], "    \"incoming-policy\": [\n      {\n        \"name\": \"DEFAULT\",\n"));
    assert_non_null(strstr(texts[0], "    \"smtproutes\": [],\n"));
    assert_non_null(strstr(texts[0], "\n  }\n}\n"));
    free(texts[0]);
    free(texts[1]);
    shell_expect(sh, "{'method':'config.show','revision':'9'}", 1, "not-found");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_edit_is_seen_by_its_session_alone),
        TEST(a_change_names_level_table_key_before_and_after),
        TEST(what_was_typed_and_what_is_json_are_the_same_values),
        TEST(present_values_leave_nothing_pending),
        TEST(each_wrong_edit_has_its_error),
        TEST(new_of_a_different_row_is_an_error_and_put_is_none),
        TEST(clear_leaves_fixed_rows_alone),
        TEST(all_edits_of_a_request_are_done_or_none),
        TEST(pieces_count_with_the_last_one),
        TEST(a_wrong_piece_undoes_the_others),
        TEST(another_request_drops_pieces_without_an_end),
        TEST(commit_hands_over_the_candidate_and_tells_the_revision),
        TEST(a_refused_commit_names_the_role_and_keeps_the_candidate),
        TEST(a_commit_cannot_be_cancelled_and_is_forgotten_with_its_session),
        TEST(lookup_waits_for_a_commit_that_is_under_way),
        TEST(a_conflict_tells_base_theirs_mine_who_and_when_and_keep_ends_it),
        TEST(keep_theirs_leaves_nothing_pending),
        TEST(an_unchanged_candidate_follows_the_head),
        TEST(rollback_fills_the_candidate_and_preview_does_not),
        TEST(a_rollback_that_was_edited_is_none),
        TEST(show_and_get_wait_for_a_shell_that_does_not_read),
        TEST(a_session_may_end_in_the_middle_of_an_answer),
        TEST(show_is_pretty_and_the_same_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
