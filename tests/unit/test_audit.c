/* The audit of the configuration's store: what is on disk when, and that its log does not grow for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/control/audit.h"
#include "tests/unit/control_peers.h"

static int64_t audited(void)
{
    return ask_store("SELECT count(*) FROM audit WHERE user = 'anna'");
}

static void commit_route(void)
{
    struct config_candidate c;
    struct error error;
    struct manifest m = {.revision = 2, .parent = 1, .commit_id = "id-2"};
    config_candidate_begin(&c, 1, head_tree());
    put_route(&c, "one.example", "mx.one.example:25");
    CHECK(head_commit(c.mine, &m, &error));
    config_candidate_end(&c);
}

static void life_audit(void)
{
    open_head();
    audit_write_soon("anna", "local", "session.open", "", 0);
    audit_write_soon("anna", "local", "session.close", "", 0);
    CHECK(audited() == 0);
    AWAIT(audited() == 2);
    audit_write_soon("anna", "local", "session.open", "", 0);
    audit_write("anna", "local", "workqueue", "pause", 0);
    CHECK(audited() == 4);
    audit_write_soon("anna", "local", "session.close", "", 0);
    commit_route();
    CHECK(audited() == 5);
    for (int i = 0; i < 1000; i++)
        audit_write_soon("anna", "local", "session.open", "", 0);
    CHECK(audited() == 1005);
    audit_write_soon("anna", "local", "session.open", "", 0);
    audit_flush();
    CHECK(audited() == 1006);
}

static void sessions_are_recorded_together_and_not_later_than_what_follows_them(void **state)
{
    (void)state;
    assert_true(control_life(life_audit));
}

static off_t log_bytes(void)
{
    struct stat log;
    audit_write("anna", "local", "session.open", "", 0);
    return stat("config/config.db-wal", &log) == 0 ? log.st_size : 0;
}

static void life_log_of_audit(void)
{
    open_head();
    while (log_bytes() < 5 * 1024 * 1024)
        ;
    AWAIT(log_bytes() <= 4 * 1024 * 1024);
}

static void the_log_of_the_store_is_cut_without_a_commit(void **state)
{
    (void)state;
    assert_true(control_life(life_log_of_audit));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(sessions_are_recorded_together_and_not_later_than_what_follows_them),
        TEST(the_log_of_the_store_is_cut_without_a_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
