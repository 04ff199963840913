/* The role's side of the configuration: what it builds, when its hooks are called, what it says, what it refuses to
 * read.  Each test is a process of its own, as a role has one configuration. */
#define _GNU_SOURCE /* fork and wait */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/rows_out.h"
#include "engine/base/xalloc.h"

/* --- the role --- */

static int prepares, applies, discards;
static bool answers_later;
static const char *refuses;
static const struct role_config *preparing;
static uint64_t running_at_prepare;

static void on_prepare(const struct role_config *next)
{
    struct error why;
    prepares++;
    preparing = next;
    running_at_prepare = role_config()->revision;
    if (answers_later)
        return;
    if (refuses)
        error_set(&why, "%s", refuses);
    role_config_prepared(refuses ? &why : NULL);
}

static void on_apply(void)
{
    applies++;
}

static void on_discard(void)
{
    discards++;
}

const struct role role_self = {
    .id = ROLE_SMTP,
    .config_prepare = on_prepare,
    .config_apply = on_apply,
    .config_discard = on_discard,
};

/* --- control --- */

static struct {
    uint16_t type;
    struct config_revision id, prepared;
    uint32_t attempt;
    bool ready;
    char why[512];
} said;

static bool readable = true; /* whether the role could read the last message */

static void tell(uint16_t type, struct span body)
{
    struct wire_reader in = wire_reader_of(body);
    if (!role_config_message(type, &in))
        abort();
    readable = wire_reader_done(&in);
}

static void hear(uint16_t type, struct span body)
{
    struct wire_reader in = wire_reader_of(body);
    said.type = type;
    said.id = config_revision_get(&in);
    if (type == MSG_CONFIG_HELLO)
        said.prepared = config_revision_get(&in);
    if (type == MSG_CONFIG_PREPARED) {
        said.attempt = wire_get_u32(&in);
        said.ready = wire_get_u8(&in);
        struct span why = wire_get_span(&in);
        snprintf(said.why, sizeof said.why, "%.*s", (int)why.n, why.p);
    }
    if (!wire_reader_done(&in))
        abort();
}

/* What the role sends goes to control, and what control sends (rows_out.c) to the role. */
bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    (void)fd;
    if (peer == ROLE_CONTROL)
        hear(type, body);
    else
        tell(type, body);
    return true;
}

static const struct config_place place = {"machine/a"};

static uint32_t attempts;

static struct config_revision id_of(uint64_t number, const char *commit_id)
{
    struct config_revision id = {.number = number};
    snprintf(id.commit_id, sizeof id.commit_id, "%s", commit_id);
    return id;
}

static void tell_head(uint64_t number, const char *commit_id)
{
    struct buf body = {0};
    struct config_revision id = id_of(number, commit_id);
    config_revision_put(&body, &id);
    tell(MSG_CONFIG_HEAD, buf_span(&body));
    buf_free(&body);
}

/* A copy of tree with routes FROM-LAST more. */
static struct config_tree *with_routes(struct config_tree *tree, unsigned from, unsigned last)
{
    struct config_tree *copy = config_tree_ref(tree);
    const struct config_table *old = config_resolve(tree, &place, SCHEMA_SMTPROUTES, NULL);
    struct config_table *table = config_table_ref((struct config_table *)old);
    for (unsigned i = from; i <= last; i++) {
        char domain[32];
        snprintf(domain, sizeof domain, "d%06u.example", i);
        struct schema_value values[SMTPROUTES_FIELD_COUNT] = {0};
        values[SMTPROUTES_DOMAIN].text = span_text(domain);
        values[SMTPROUTES_DESTINATION].text = SPAN("mx.example:25");
        config_table_put(&table, schema_row_new(&schema_tables[SCHEMA_SMTPROUTES], values));
    }
    config_tree_set(&copy, "machine/a", SCHEMA_SMTPROUTES, table);
    return copy;
}

static void send_whole(uint64_t number, const char *commit_id, struct config_tree *tree)
{
    struct config_revision id = id_of(number, commit_id);
    rows_out_send(ROLE_SMTP, &id, ++attempts, NULL, tree, &place);
}

static void send_change(uint64_t number, const char *commit_id, struct config_tree *from,
                        struct config_tree *to)
{
    struct config_revision id = id_of(number, commit_id);
    rows_out_send(ROLE_SMTP, &id, ++attempts, from, to, &place);
}

/* --- tests --- */

#define CHECK(condition) check((condition), #condition, __LINE__)
static void check(bool good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, line, what);
    _exit(1);
}

static bool life(void (*test)(void))
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        test();
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static size_t routes(void)
{
    return config_table_count(role_config()->tables[SCHEMA_SMTPROUTES]);
}

static struct config_tree *one, *two;

/* Revision 1 runs. */
static void run_first(void)
{
    one = with_routes(config_tree_new(), 1, 10000);
    two = with_routes(one, 5000, 5000 + 6000);
    role_config_control_up();
    send_whole(1, "first", one);
    tell_head(1, "first");
    CHECK(role_config()->revision == 1 && applies == 1 && said.type == MSG_CONFIG_RUNNING && readable);
}

static void life_hello(void)
{
    CHECK(role_config()->revision == 0);
    role_config_control_up();
    CHECK(said.type == MSG_CONFIG_HELLO && said.id.number == 0 && said.prepared.number == 0);
    run_first();
    role_config_control_up();
    CHECK(said.id.number == 1 && strcmp(said.id.commit_id, "first") == 0 && said.prepared.number == 0);
}

static void a_role_says_first_what_it_runs(void **state)
{
    (void)state;
    assert_true(life(life_hello));
}

static void life_tables(void)
{
    run_first();
    CHECK(routes() == 10000);
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        CHECK((role_config()->tables[id] != NULL) == ((schema_tables[id].readers & SCHEMA_SMTP) != 0));
}

static void a_role_has_the_tables_that_it_reads_and_no_others(void **state)
{
    (void)state;
    assert_true(life(life_tables));
}

static void life_switch(void)
{
    run_first();
    const struct config_table *before = role_config()->tables[SCHEMA_SMTPROUTES];
    send_change(2, "second", one, two);
    CHECK(said.type == MSG_CONFIG_PREPARED && said.ready && said.id.number == 2 && said.attempt == attempts);
    CHECK(prepares == 2 && running_at_prepare == 1 && preparing->revision == 2);
    CHECK(role_config()->revision == 1 && routes() == 10000 && applies == 1); /* untouched */
    CHECK(config_table_chunk(preparing->tables[SCHEMA_SMTPROUTES], 0) == config_table_chunk(before, 0));
    tell_head(2, "second");
    CHECK(said.type == MSG_CONFIG_RUNNING && said.id.number == 2);
    CHECK(role_config()->revision == 2 && routes() == 11000 && applies == 2 && discards == 0);
    CHECK(config_table_equal(role_config()->tables[SCHEMA_SMTPROUTES],
                             config_resolve(two, &place, SCHEMA_SMTPROUTES, NULL)));
}

static void a_change_is_built_beside_what_runs_and_runs_at_the_head(void **state)
{
    (void)state;
    assert_true(life(life_switch));
}

static void life_removal(void)
{
    run_first();
    send_change(2, "second", one, two);
    tell_head(2, "second");
    send_change(3, "third", two, one);
    tell_head(3, "third");
    CHECK(role_config()->revision == 3 && routes() == 10000);
}

static void rows_that_are_gone_are_removed(void **state)
{
    (void)state;
    assert_true(life(life_removal));
}

static void life_other_id(void)
{
    run_first();
    send_change(2, "second", one, two);
    tell_head(2, "another");
    CHECK(discards == 1 && applies == 1 && role_config()->revision == 1 && routes() == 10000);
    tell_head(2, "second"); /* it is gone */
    CHECK(applies == 1 && discards == 1);
}

static void what_was_prepared_under_another_commit_id_is_discarded(void **state)
{
    (void)state;
    assert_true(life(life_other_id));
}

static void life_abort(void)
{
    run_first();
    send_change(2, "second", one, two);
    said.type = 0;
    tell_head(1, "first");
    CHECK(discards == 1 && said.type == MSG_CONFIG_RUNNING && said.id.number == 1);
    send_change(2, "again", one, two);
    tell_head(2, "again");
    CHECK(role_config()->revision == 2 && routes() == 11000);
}

static void an_aborted_commit_is_discarded_and_the_next_is_built_from_what_runs(void **state)
{
    (void)state;
    assert_true(life(life_abort));
}

static void life_refusal(void)
{
    run_first();
    refuses = "no memory";
    send_change(2, "second", one, two);
    CHECK(said.type == MSG_CONFIG_PREPARED && !said.ready && strcmp(said.why, "no memory") == 0);
    tell_head(2, "second");
    CHECK(applies == 1 && discards == 0 && role_config()->revision == 1);
}

static void a_refusal_gives_its_reason_and_keeps_nothing(void **state)
{
    (void)state;
    assert_true(life(life_refusal));
}

static void life_later(void)
{
    run_first();
    answers_later = true;
    said.type = 0;
    send_change(2, "second", one, two);
    CHECK(said.type == 0);
    role_config_prepared(NULL);
    CHECK(said.type == MSG_CONFIG_PREPARED && said.ready);
    send_change(2, "other", one, two); /* in place of it */
    CHECK(discards == 1);
    tell_head(1, "first"); /* aborted before it answered */
    CHECK(discards == 2);
    said.type = 0;
    role_config_prepared(NULL);
    CHECK(said.type == 0);
    tell_head(2, "other");
    CHECK(applies == 1);
}

static void an_answer_may_come_later_and_is_not_wanted_after_a_discard(void **state)
{
    (void)state;
    assert_true(life(life_later));
}

static void life_control_returns(void)
{
    run_first();
    send_change(2, "second", one, two);
    role_config_control_up();
    CHECK(said.id.number == 1 && said.prepared.number == 2 && strcmp(said.prepared.commit_id, "second") == 0);
    CHECK(discards == 0);
    answers_later = true;
    send_change(3, "third", one, two);
    role_config_control_up(); /* the one that asked is gone: what it began may not be what the head is */
    CHECK(discards == 2 && said.prepared.number == 0);
}

static void what_is_prepared_survives_control_and_what_was_half_done_does_not(void **state)
{
    (void)state;
    assert_true(life(life_control_returns));
}

/* --- messages that cannot be --- */

static void begin(bool from_empty)
{
    struct buf body = {0};
    struct config_revision id = id_of(2, "second");
    config_revision_put(&body, &id);
    wire_put_u32(&body, ++attempts);
    wire_put_u8(&body, from_empty);
    tell(MSG_CONFIG_BEGIN, buf_span(&body));
    buf_free(&body);
}

static void remove_row(enum schema_table_id table, const char *key)
{
    struct buf body = {0};
    wire_put_u32(&body, table);
    wire_put_u32(&body, 1);
    wire_put_u8(&body, 0);
    wire_put_span(&body, span_text(key));
    tell(MSG_CONFIG_ROWS, buf_span(&body));
    buf_free(&body);
}

static void prepare(uint64_t number)
{
    struct buf body = {0};
    wire_put_u64(&body, number);
    tell(MSG_CONFIG_PREPARE, buf_span(&body));
    buf_free(&body);
}

static void life_hostile(void)
{
    begin(false); /* there is nothing to build on */
    CHECK(!readable);
    remove_row(SCHEMA_SMTPROUTES, "d000001.example"); /* nothing was begun */
    CHECK(!readable);
    run_first();
    begin(false);
    CHECK(readable);
    remove_row(SCHEMA_SMTPROUTES, "d000001.example");
    CHECK(readable);
    remove_row(SCHEMA_SMTPROUTES, "d000001.example"); /* it is gone */
    CHECK(!readable);
    remove_row(SCHEMA_ANTISPAM, ""); /* not for this role */
    CHECK(!readable);
    remove_row(SCHEMA_TABLE_COUNT, "");
    CHECK(!readable);
    prepare(3); /* another one was begun */
    CHECK(!readable && prepares == 1);
    prepare(2);
    CHECK(readable && prepares == 2);
    prepare(2); /* twice */
    CHECK(!readable && prepares == 2);
}

static void what_cannot_be_is_not_read(void **state)
{
    (void)state;
    assert_true(life(life_hostile));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_says_first_what_it_runs),
        cmocka_unit_test(a_role_has_the_tables_that_it_reads_and_no_others),
        cmocka_unit_test(a_change_is_built_beside_what_runs_and_runs_at_the_head),
        cmocka_unit_test(rows_that_are_gone_are_removed),
        cmocka_unit_test(what_was_prepared_under_another_commit_id_is_discarded),
        cmocka_unit_test(an_aborted_commit_is_discarded_and_the_next_is_built_from_what_runs),
        cmocka_unit_test(a_refusal_gives_its_reason_and_keeps_nothing),
        cmocka_unit_test(an_answer_may_come_later_and_is_not_wanted_after_a_discard),
        cmocka_unit_test(what_is_prepared_survives_control_and_what_was_half_done_does_not),
        cmocka_unit_test(what_cannot_be_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
