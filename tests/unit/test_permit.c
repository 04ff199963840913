/* The whole matrix of permissions: every method (and verb that differs) for every role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/permit.h"
#include "tests/unit/config_fixture.h"

static const enum permit_role roles[] = {PERMIT_ADMINISTRATOR, PERMIT_OPERATOR, PERMIT_TECHNICIAN,
                                         PERMIT_READ_ONLY, PERMIT_GUEST};
enum { ROLES = sizeof roles / sizeof roles[0] };

/* Columns in the order of roles: x may, - may not. */
static const struct {
    const char *method, *table, *verb, *may;
} matrix[] = {
    {"hello", NULL, NULL, "xxxxx"},
    {"version", NULL, NULL, "xxxxx"},
    {"whoami", NULL, NULL, "xxxxx"},
    {"status", NULL, NULL, "xxxxx"},
    {"who", NULL, NULL, "xxxx-"},
    {"last", NULL, NULL, "xxxx-"},
    {"logs", NULL, NULL, "xxxx-"},
    {"tail", NULL, NULL, "xxxx-"},
    {"grep", NULL, NULL, "xxxx-"},
    {"alerts", NULL, NULL, "xxxx-"},
    {"workqueue", NULL, "status", "xxxx-"},
    {"workqueue", NULL, "pause", "xxx--"},
    {"workqueue", NULL, "resume", "xxx--"},
    {"workqueue", NULL, NULL, "xxx--"},
    {"certificate.list", NULL, NULL, "xxxx-"},
    {"certificate.make", NULL, NULL, "xx-x-"},
    {"cluster.list", NULL, NULL, "xxxx-"},
    {"cluster.change", NULL, "new", "x----"},
    {"cluster.change", NULL, "removemachine", "x----"},
    {"config.mode", NULL, NULL, "xxxxx"},
    {"config.level", NULL, "delete", "xx-x-"},
    {"config.levels", NULL, NULL, "xxxx-"},
    {"config.setting", "antispam", NULL, "xxxx-"},
    {"config.get", "antispam", NULL, "xxxx-"},
    {"config.get", "smtproutes", NULL, "xxxx-"},
    {"config.keys", "smtproutes", NULL, "xxxx-"},
    {"config.show", NULL, NULL, "xxxx-"},
    {"config.export", NULL, NULL, "xxxx-"},
    {"config.export", NULL, "mask", "xxxx-"},
    {"config.export", NULL, "encrypt", "xxx--"},
    {"config.reset", NULL, NULL, "x----"},
    {"config.history", NULL, NULL, "xxxx-"},
    {"config.lookup", NULL, NULL, "xxxx-"},
    {"config.changes", NULL, NULL, "xxxx-"},
    {"config.edit", NULL, NULL, "xx-x-"},
    {"config.edit", "antispam", "edit", "xx-x-"},
    {"config.edit", "incoming-policy", "new", "xx-x-"},
    {"config.edit", "outgoing-policy", "delete", "xx-x-"},
    {"config.edit", "smtproutes", "put", "xx-x-"},
    {"config.edit", "smtproutes", "clear", "xx-x-"},
    {"config.edit", "users", "new", "x----"},
    {"config.edit", "users", "delete", "x----"},
    {"config.edit", "users", "clear", "x----"},
    {"config.edit", "access", "edit", "x----"},
    {"config.clear", NULL, NULL, "xx-x-"},
    {"config.rebase", NULL, NULL, "xx-x-"},
    {"config.rollback", NULL, NULL, "xx-x-"},
    {"config.rollback", "antispam", NULL, "xx-x-"},
    {"config.commit", NULL, NULL, "xx---"},
    {"config.confirm", NULL, "status", "xxxxx"},
    {"config.confirm", NULL, "accept", "xx---"},
    {"config.confirm", NULL, "reject", "xx---"},
    {"config.diff", NULL, NULL, "xxxx-"},
    {"config.label", NULL, "set", "xx---"},
    {"config.label", NULL, "remove", "xx---"},
    {"config.lock", NULL, "status", "xxxx-"},
    {"config.lock", NULL, "lock", "xx---"},
    {"config.lock", NULL, "unlock", "xx---"},
    {"file.read", NULL, NULL, "xxx--"},
    {"file.write", NULL, NULL, "xxx--"},
    {"no.such.method", NULL, NULL, "-----"},
};
enum { ROWS = sizeof matrix / sizeof matrix[0] };

static void each_role_may_do_what_the_matrix_says_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t r = 0; r < ROLES; r++)
            if (permit_allows(roles[r], matrix[i].method, matrix[i].table, matrix[i].verb) !=
                (matrix[i].may[r] == 'x'))
                fail_msg("%s %s %s for %s", matrix[i].method, matrix[i].table ? matrix[i].table : "",
                         matrix[i].verb ? matrix[i].verb : "", permit_role_name(roles[r]));
}

static void nobody_may_do_anything(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        assert_false(permit_allows(PERMIT_NOBODY, matrix[i].method, matrix[i].table, matrix[i].verb));
}

static void root_and_our_own_account_are_administrators_and_others_nobody(void **state)
{
    (void)state;
    assert_int_equal(permit_role_of(0, false, NULL), PERMIT_ADMINISTRATOR);
    assert_int_equal(permit_role_of(geteuid(), false, NULL), PERMIT_ADMINISTRATOR);
    assert_int_equal(permit_role_of(geteuid() + 1, false, NULL), PERMIT_NOBODY);
    assert_int_equal(permit_role_of(geteuid() + 1, true, NULL), PERMIT_ADMINISTRATOR);
    assert_int_equal(permit_role_of((uid_t)-2, false, NULL), PERMIT_NOBODY);
}

static void a_row_decides_whatever_the_group_is_but_locks_root_out_of_nothing(void **state)
{
    (void)state;
    static const char *const words[] = {"administrator", "operator", "technician", "readonly", "guest"};
    const struct schema_table *users = &schema_tables[SCHEMA_USERS];
    for (size_t i = 0; i < ROLES; i++) {
        struct schema_row *row = row_with(users, NULL, "anna", USERS_ROLE, words[i]);
        struct schema_row *off = row_with(users, row, "anna", USERS_ENABLED, "off");
        assert_int_equal(permit_role_of(geteuid() + 1, false, row), roles[i]);
        assert_int_equal(permit_role_of(geteuid() + 1, true, row), roles[i]);
        assert_int_equal(permit_role_of(geteuid() + 1, true, off), PERMIT_NOBODY);
        assert_int_equal(permit_role_of(0, false, off), PERMIT_ADMINISTRATOR);
        assert_int_equal(permit_role_of(geteuid(), false, off), PERMIT_ADMINISTRATOR);
        schema_row_unref(off);
        schema_row_unref(row);
    }
}

static void each_role_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < PERMIT_ROLE_COUNT; i++)
        assert_true(strlen(permit_role_name((enum permit_role)i)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_do_what_the_matrix_says_and_nothing_else),
        cmocka_unit_test(nobody_may_do_anything),
        cmocka_unit_test(root_and_our_own_account_are_administrators_and_others_nobody),
        cmocka_unit_test(a_row_decides_whatever_the_group_is_but_locks_root_out_of_nothing),
        cmocka_unit_test(each_role_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
