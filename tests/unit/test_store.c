/* queue.db: what is committed is there after a restart, what is not is not, and ids are never given twice. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/queue/store.h"

static char folder[64], path[80];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_store.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/queue.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char file[96];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
    return rmdir(folder);
}

#define GOOD(call) assert_true(call)

static struct fault f;

static struct store *open_store(void)
{
    struct store *s = store_open(path, &f);
    assert_non_null(s);
    return s;
}

static struct store *restart(struct store *s)
{
    store_close(s);
    return open_store();
}

static struct recipient recipients[] = {{.rid = 0, .address = {"one@example.net", 15}},
                                        {.rid = 1,
                                         .address = {"two@example.net", 15},
                                         .notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY,
                                         .original = {"rfc822;2@example.net", 20}}};

static struct message sample(uint64_t mid)
{
    return (struct message){.node.key = mid,
                            .icid = 7,
                            .received = 1234567,
                            .body = {.segment = 3, .offset = 4096, .length = 99, .sha256 = {1, 2, 3}},
                            .trace_bytes = 55,
                            .outbound = true,
                            .sender = SPAN("from@example.org"),
                            .helo = SPAN("client.example"),
                            .client_ip = SPAN("192.0.2.1"),
                            .message_id = SPAN("<a@b>"),
                            .utf8 = true,
                            .returns = SMTP_RETURN_HEADERS,
                            .envelope_id = SPAN("id-1"),
                            .state = RECIPIENT_SCAN,
                            .recipients = recipients,
                            .recipient_count = 2};
}

static void add_sample(struct store *s, uint64_t mid)
{
    struct message m = sample(mid);
    GOOD(store_begin(s, &f));
    GOOD(store_add_message(s, &m, &f));
    GOOD(store_commit(s, &f));
}

struct loaded {
    struct message *messages[8];
    int count;
};

static void keep_message(void *context, const struct message *m)
{
    struct loaded *l = context;
    l->messages[l->count++] = message_copy(m, NULL, 0);
}

static struct loaded load(struct store *s)
{
    struct loaded l = {.count = 0};
    GOOD(store_load(s, keep_message, &l, &f));
    return l;
}

static void unload(struct loaded *l)
{
    while (l->count > 0)
        message_free(l->messages[--l->count]);
}

static void a_message_comes_back_whole_after_a_restart(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    add_sample(s, 2);
    s = restart(s);
    struct loaded l = load(s);
    assert_int_equal(l.count, 2);
    struct message want = sample(1);
    const struct message *m = l.messages[0];
    assert_int_equal(message_mid(m), 1);
    assert_int_equal(m->icid, want.icid);
    assert_int_equal(m->received, want.received);
    assert_memory_equal(&m->body, &want.body, sizeof m->body);
    assert_int_equal(m->trace_bytes, want.trace_bytes);
    assert_false(m->body_8bit);
    assert_true(m->outbound);
    assert_true(span_equal(m->sender, want.sender));
    assert_true(span_equal(m->helo, want.helo));
    assert_true(span_equal(m->client_ip, want.client_ip));
    assert_true(span_equal(m->message_id, want.message_id));
    assert_true(m->utf8);
    assert_int_equal(m->returns, want.returns);
    assert_true(span_equal(m->envelope_id, want.envelope_id));
    assert_int_equal(m->recipients[0].notify, 0);
    assert_int_equal(m->recipients[0].original.n, 0);
    assert_int_equal(m->recipients[1].notify, want.recipients[1].notify);
    assert_true(span_equal(m->recipients[1].original, want.recipients[1].original));
    assert_false(m->recipients[1].delay_told);
    assert_int_equal(m->state, RECIPIENT_SCAN);
    assert_int_equal(m->recipient_count, 2);
    assert_true(span_equal(m->recipients[1].address, recipients[1].address));
    assert_int_equal(store_counts(s)->messages, 2);
    unload(&l);
    store_close(s);
}

static void a_rolled_back_transaction_leaves_nothing(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct message m = sample(1);
    struct final_event e = {.mid = 1};
    GOOD(store_begin(s, &f));
    GOOD(store_add_message(s, &m, &f));
    GOOD(store_add_final(s, &e, 0, &f));
    store_rollback(s);
    assert_int_equal(store_counts(s)->messages, 0);
    assert_int_equal(store_counts(s)->outbox, 0);
    struct loaded l = load(s);
    assert_int_equal(l.count, 0);
    store_close(s);
}

static void verdicts_tries_and_deferrals_survive_a_restart(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    GOOD(store_begin(s, &f));
    GOOD(store_set_scan_tries(s, 1, 1, &f));
    uint32_t versions, again;
    GOOD(store_find_versions(s, SPAN("rules 2"), &versions, &f));
    GOOD(store_find_versions(s, SPAN("rules 1"), &again, &f) && again != versions && again && versions);
    GOOD(store_find_versions(s, SPAN("rules 2"), &again, &f) && again == versions);
    GOOD(store_find_versions(s, SPAN(""), &again, &f) && again == 0);
    const struct message judged = {.node.key = 1, .revision = 12, .versions = versions};
    const struct judge_child verdict = {.policy = SPAN("DEFAULT"), .verdict = JUDGE_SUSPECT, .score = 60};
    GOOD(store_set_verdict(s, &judged, &verdict, SPAN("edits"), &f));
    GOOD(store_set_state(s, 1, RECIPIENT_DELIVER, &f));
    const struct recipient deferred = {.rid = 1, .tries = 4, .next_try = 777, .delay_told = true};
    GOOD(store_defer_recipient(s, 1, &deferred, SPAN("busy"), &f));
    GOOD(store_remove_recipient(s, 1, 0, &f));
    GOOD(store_set_attempt(s, 1, 9, &f));
    GOOD(store_commit(s, &f));
    s = restart(s);
    struct loaded l = load(s);
    assert_int_equal(l.count, 1);
    const struct message *m = l.messages[0];
    assert_int_equal(m->scan_tries, 1);
    assert_int_equal(m->attempt, 9);
    assert_int_equal(m->revision, 12);
    assert_int_equal(m->versions, versions);
    assert_true(span_equal(m->edits, SPAN("edits")));
    assert_int_equal(m->state, RECIPIENT_DELIVER);
    assert_int_equal(m->recipient_count, 1);
    assert_int_equal(m->recipients[0].rid, 1);
    assert_int_equal(m->recipients[0].tries, 4);
    assert_int_equal(m->recipients[0].next_try, 777);
    assert_true(m->recipients[0].delay_told);
    unload(&l);
    store_close(s);
}

static void quarantined_and_held_recipients_are_counted_but_not_loaded(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    add_sample(s, 2);
    GOOD(store_begin(s, &f));
    GOOD(store_set_state(s, 1, RECIPIENT_QUARANTINE, &f));
    GOOD(store_set_state(s, 2, RECIPIENT_HELD, &f));
    GOOD(store_commit(s, &f));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_counts(s)->quarantined, 2);
        assert_int_equal(store_counts(s)->held, 2);
        struct loaded l = load(s);
        assert_int_equal(l.count, 0);
        s = restart(s);
    }
    store_close(s);
}

static uint64_t take(struct store *s, int kind)
{
    uint64_t id;
    GOOD(store_begin(s, &f));
    GOOD(store_take_id(s, kind, &id, &f));
    GOOD(store_commit(s, &f));
    return id;
}

static void ids_are_never_given_twice_across_restarts(void **state)
{
    (void)state;
    struct store *s = open_store();
    uint64_t own = take(s, ID_MID), first;
    GOOD(store_begin(s, &f));
    GOOD(store_reserve_ids(s, ID_MID, 1000, &first, &f));
    GOOD(store_commit(s, &f));
    assert_true(first > own);
    s = restart(s);
    uint64_t next = take(s, ID_MID);
    assert_true(next >= first + 1000);
    store_close(s);
}

static void an_id_of_a_rolled_back_transaction_is_reserved_anew(void **state)
{
    (void)state;
    struct store *s = open_store();
    uint64_t id;
    GOOD(store_begin(s, &f));
    GOOD(store_take_id(s, ID_MID, &id, &f)); /* takes a block whose reservation is lost */
    store_rollback(s);
    uint64_t taken = take(s, ID_MID);
    s = restart(s);
    assert_true(take(s, ID_MID) > taken);
    store_close(s);
}

static void ended_mids_are_known_until_forgotten(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 5);
    bool known;
    GOOD(store_knows(s, 5, &known, &f) && known);
    GOOD(store_knows(s, 6, &known, &f) && !known);
    GOOD(store_begin(s, &f));
    GOOD(store_remove_message(s, 5, &f));
    GOOD(store_remember(s, 5, 1000, &f));
    GOOD(store_commit(s, &f));
    s = restart(s);
    GOOD(store_knows(s, 5, &known, &f) && known);
    GOOD(store_begin(s, &f));
    GOOD(store_forget(s, 1000, &f));
    GOOD(store_commit(s, &f));
    GOOD(store_knows(s, 5, &known, &f) && known);
    GOOD(store_begin(s, &f));
    GOOD(store_forget(s, 1001, &f));
    GOOD(store_commit(s, &f));
    GOOD(store_knows(s, 5, &known, &f) && !known);
    store_close(s);
}

static void count_final(void *context, const struct final_event *e)
{
    uint64_t *last = context;
    assert_true(e->sequence > *last);
    *last = e->sequence;
    assert_true(span_equal(e->detail, SPAN("why")));
    assert_true(span_equal(e->versions, SPAN("rules 2")));
}

static void final_events_stay_in_sequence_until_acknowledged(void **state)
{
    (void)state;
    struct store *s = open_store();
    GOOD(store_begin(s, &f));
    uint64_t second = 0;
    uint32_t versions;
    GOOD(store_find_versions(s, SPAN("rules 2"), &versions, &f));
    for (int i = 0; i < 3; i++) {
        struct final_event e = {.mid = 1, .detail = SPAN("why")};
        GOOD(store_add_final(s, &e, versions, &f));
        if (i == 1)
            second = e.sequence;
    }
    GOOD(store_commit(s, &f));
    s = restart(s);
    assert_int_equal(store_counts(s)->outbox, 3);
    GOOD(store_begin(s, &f));
    GOOD(store_remove_finals(s, second, &f));
    GOOD(store_commit(s, &f));
    uint64_t last = second;
    GOOD(store_each_final(s, 0, 10, count_final, &last, &f));
    assert_int_equal(last, second + 1);
    assert_int_equal(store_counts(s)->outbox, 1);
    store_close(s);
}

static void find_versions(struct store *s, unsigned number, uint32_t *id)
{
    char text[32];
    snprintf(text, sizeof text, "rules %u", number);
    GOOD(store_find_versions(s, span_text(text), id, &f));
}

static void of_ever_more_versions_the_latest_are_kept(void **state)
{
    (void)state;
    struct store *s = open_store();
    uint32_t first, second, id;
    GOOD(store_begin(s, &f));
    find_versions(s, 1, &first);
    find_versions(s, 2, &second);
    for (unsigned i = 3; i <= STORE_VERSIONS_MOST + 1; i++)
        find_versions(s, i, &id);
    find_versions(s, 2, &id);
    assert_int_equal(id, second);
    find_versions(s, 1, &id);
    assert_int_not_equal(id, first);
    GOOD(store_commit(s, &f));
    store_close(s);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What formats 7 to 10 brought. */
#define DROP_VERSIONS                                                                                        \
    "DROP TABLE versions; ALTER TABLE message DROP COLUMN versions; ALTER TABLE outbox DROP COLUMN "         \
    "versions;"
#define DROP_UTF8 DROP_VERSIONS "DROP TABLE suspended_listener; ALTER TABLE message DROP COLUMN utf8;"
#define DROP_WISHES                                                                                          \
    DROP_UTF8                                                                                                \
    "ALTER TABLE message DROP COLUMN returns; ALTER TABLE message DROP COLUMN envelope_id;"                  \
    "ALTER TABLE recipient DROP COLUMN notify; ALTER TABLE recipient DROP COLUMN original;"                  \
    "ALTER TABLE recipient DROP COLUMN delay_told;"

static void mail_of_format_6_comes_without_wishes(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    store_close(s);
    run_sql(DROP_WISHES "PRAGMA user_version = 6");
    s = open_store();
    struct loaded l = load(s);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.messages[0]->returns, SMTP_RETURN_ANY);
    assert_int_equal(l.messages[0]->envelope_id.n, 0);
    assert_int_equal(l.messages[0]->recipients[1].notify, 0);
    assert_true(span_equal(l.messages[0]->recipients[1].address, SPAN("two@example.net")));
    unload(&l);
    store_close(s);
}

static void mail_of_format_7_came_without_smtputf8(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    store_close(s);
    run_sql(DROP_UTF8 "PRAGMA user_version = 7");
    s = open_store();
    struct loaded l = load(s);
    assert_int_equal(l.count, 1);
    assert_false(l.messages[0]->utf8);
    assert_true(span_equal(l.messages[0]->envelope_id, SPAN("id-1")));
    unload(&l);
    store_close(s);
}

static void a_store_of_format_2_is_brought_to_the_newest(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    struct final_event e = {.mid = 9, .detail = SPAN("why")};
    GOOD(store_begin(s, &f));
    GOOD(store_add_final(s, &e, 0, &f));
    GOOD(store_commit(s, &f));
    store_close(s);
    run_sql(DROP_WISHES "ALTER TABLE message DROP COLUMN revision; ALTER TABLE outbox DROP COLUMN revision;"
                        "ALTER TABLE message DROP COLUMN host; DROP TABLE work_queue; DROP TABLE quarantine;"
                        " PRAGMA user_version = 2");
    for (int i = 0; i < 2; i++) {
        s = open_store();
        struct loaded l = load(s);
        assert_int_equal(l.count, 1);
        assert_int_equal(l.messages[0]->revision, 0);
        assert_int_equal(l.messages[0]->recipient_count, 2);
        assert_int_equal(store_counts(s)->outbox, 1);
        bool paused = true;
        GOOD(store_is_paused(s, &paused, &f) && !paused);
        unload(&l);
        store_close(s);
    }
}

static void a_migration_that_fails_leaves_the_store_as_it_was(void **state)
{
    (void)state;
    store_close(open_store());
    /* The second step of the three cannot be done: outbox has the column already. */
    run_sql("ALTER TABLE message DROP COLUMN revision; DROP TABLE work_queue; PRAGMA user_version = 2");
    assert_null(store_open(path, &f));
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_prepare_v2(db, "SELECT revision FROM message", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 2);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void pausing_survives_a_restart(void **state)
{
    (void)state;
    bool paused = true;
    struct store *s = open_store();
    GOOD(store_is_paused(s, &paused, &f) && !paused);
    GOOD(store_begin(s, &f));
    GOOD(store_set_paused(s, true, &f));
    GOOD(store_commit(s, &f));
    s = restart(s);
    GOOD(store_is_paused(s, &paused, &f) && paused);
    store_close(s);
}

static off_t size_of(const char *file)
{
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    return st.st_size;
}

static void the_log_is_moved_into_the_store_and_begun_anew(void **state)
{
    (void)state;
    char log[96];
    snprintf(log, sizeof log, "%s-wal", path);
    struct store *s = open_store();
    off_t empty = size_of(path), log_most = 0;
    for (uint64_t mid = 1; mid <= 300; mid++) {
        add_sample(s, mid);
        if (mid % 100 == 0) {
            assert_true(store_log_pages(s) >= 100);
            assert_true(store_checkpoint(s, &f));
            assert_int_equal(store_log_pages(s), 0);
            log_most = log_most ? log_most : size_of(log);
        }
    }
    assert_true(size_of(path) > empty);
    assert_true(size_of(log) < 2 * log_most);
    store_close(s);
}

static bool keep_facts(void *context, const struct message *m, const struct store_kept *kept)
{
    assert_int_equal(m->state, RECIPIENT_QUARANTINE);
    assert_int_equal(kept->since, m->received);
    assert_int_equal(kept->subject.n, 0);
    *(uint64_t *)context += m->body.length;
    return true;
}

static void quarantined_mail_of_format_3_is_listed_as_of_its_arrival(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    GOOD(store_begin(s, &f) && store_set_state(s, 1, RECIPIENT_QUARANTINE, &f) && store_commit(s, &f));
    store_close(s);
    run_sql(DROP_WISHES "DROP TABLE quarantine; ALTER TABLE work_queue DROP COLUMN suspended;"
                        " ALTER TABLE message DROP COLUMN host; PRAGMA user_version = 3");
    s = open_store();
    uint64_t bytes = 0;
    GOOD(store_quarantine_page(s, UINT64_MAX, 10, keep_facts, &bytes, &f));
    assert_true(bytes > 0);
    assert_int_equal(store_counts(s)->quarantine_bytes, bytes);
    store_close(s);
}

static void mail_of_format_5_goes_by_the_routes(void **state)
{
    (void)state;
    struct store *s = open_store();
    add_sample(s, 1);
    store_close(s);
    run_sql(DROP_WISHES "ALTER TABLE message DROP COLUMN host; PRAGMA user_version = 5");
    s = open_store();
    struct loaded l = load(s);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.messages[0]->host.n, 0);
    unload(&l);
    store_close(s);
}

static void a_newer_format_is_refused_with_advice(void **state)
{
    (void)state;
    store_close(open_store());
    run_sql("PRAGMA user_version = 99");
    assert_null(store_open(path, &f));
    assert_non_null(strstr(f.error.text, "format 99"));
}

static void a_file_that_is_no_database_is_a_broken_store(void **state)
{
    (void)state;
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_null(store_open(path, &f));
    assert_int_equal(f.kind, FAULT_BROKEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_comes_back_whole_after_a_restart),
        TEST(a_rolled_back_transaction_leaves_nothing),
        TEST(verdicts_tries_and_deferrals_survive_a_restart),
        TEST(quarantined_and_held_recipients_are_counted_but_not_loaded),
        TEST(ids_are_never_given_twice_across_restarts),
        TEST(an_id_of_a_rolled_back_transaction_is_reserved_anew),
        TEST(ended_mids_are_known_until_forgotten),
        TEST(of_ever_more_versions_the_latest_are_kept),
        TEST(final_events_stay_in_sequence_until_acknowledged),
        TEST(mail_of_format_6_comes_without_wishes),
        TEST(mail_of_format_7_came_without_smtputf8),
        TEST(a_store_of_format_2_is_brought_to_the_newest),
        TEST(quarantined_mail_of_format_3_is_listed_as_of_its_arrival),
        TEST(mail_of_format_5_goes_by_the_routes),
        TEST(a_migration_that_fails_leaves_the_store_as_it_was),
        TEST(pausing_survives_a_restart),
        TEST(the_log_is_moved_into_the_store_and_begun_anew),
        TEST(a_newer_format_is_refused_with_advice),
        TEST(a_file_that_is_no_database_is_a_broken_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
