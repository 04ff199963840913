/* A backup of stores that change while it is made, and a restore that the disk refuses. */
#define _GNU_SOURCE /* mkdtemp, nftw, memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/store_config.h"
#include "daemon/queue/store.h"
#include "daemon/stores/backup.h"
#include "daemon/stores/bodies.h"
#include "daemon/stores/check.h"
#include "daemon/stores/restore.h"
#include "tests/unit/folder_fixture.h"

enum { SEGMENT = 1024 * 1024, MESSAGES = 6 };

static char folder[64];
static struct fault f;
static struct store *store;
static struct spool *spool;
static struct spool_record records[MESSAGES + 1];
static char *told; /* what was reported */
static size_t told_size;

#define GOOD(call) assert_true(call)

/* What the queue does between the copy of queue.db and the reading of the bodies. */
static void (*meanwhile)(void);

struct bodies *__real_bodies_open(const char *spool_folder, const char *path, struct error *error);
struct bodies *__wrap_bodies_open(const char *spool_folder, const char *path, struct error *error);
struct bodies *__wrap_bodies_open(const char *spool_folder, const char *path, struct error *error)
{
    if (meanwhile)
        meanwhile();
    meanwhile = NULL;
    return __real_bodies_open(spool_folder, path, error);
}

static int renames_left = -1; /* that work; -1: all */

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (renames_left != 0) {
        renames_left -= renames_left > 0;
        return __real_rename(from, to);
    }
    errno = EIO;
    return -1;
}

static void enter(const char *name)
{
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir(name, 0700), 0);
    assert_int_equal(chdir(name), 0);
    assert_int_equal(mkdir("config", 0700), 0);
    assert_int_equal(mkdir("queue", 0700), 0);
}

static void add_row(uint64_t mid, const struct spool_record *body)
{
    struct recipient r = {.address = SPAN("to@example.net")};
    struct message m = {.node.key = mid,
                        .body = *body,
                        .sender = SPAN("from@example.org"),
                        .state = RECIPIENT_DELIVER,
                        .recipients = &r,
                        .recipient_count = 1};
    GOOD(store_begin(store, &f) && store_add_message(store, &m, &f) && store_commit(store, &f));
}

static struct spool_record append(uint64_t mid)
{
    char text[64];
    struct spool_record record;
    snprintf(text, sizeof text, "Subject: message %d\r\n\r\nText.\r\n", (int)mid);
    GOOD(spool_append(spool, mid, span_text(text), &record, &f) && spool_sync(spool, &f));
    return record;
}

static int set_up(void **state)
{
    (void)state;
    struct error error;
    uint64_t first;
    snprintf(folder, sizeof folder, "/tmp/test_backup.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    enter("first");
    assert_int_equal(mkdir("queue/spool", 0700), 0);
    struct store_config *config = store_config_open("config/config.db", &error);
    GOOD(config);
    store_config_close(config);
    GOOD(store = store_open("queue/queue.db", &f));
    GOOD(spool = spool_open("queue/spool", SEGMENT, &f));
    GOOD(store_begin(store, &f) && store_reserve_ids(store, 0, 1000, &first, &f) && store_commit(store, &f));
    for (uint64_t mid = 1; mid < MESSAGES; mid++) {
        records[mid] = append(mid);
        add_row(mid, &records[mid]);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    spool_close(spool);
    free(told);
    told = NULL;
    return chdir("/") == 0 ? folder_remove(folder) : -1;
}

/* As a segment that is used again. */
static void overwrite(const struct spool_record *record)
{
    static const char zeros[SPOOL_HEADER_BYTES];
    int fd = open("queue/spool/00000001.seg", O_WRONLY);
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, (off_t)record->offset), sizeof zeros);
    close(fd);
}

static void end_message(uint64_t mid)
{
    GOOD(store_begin(store, &f) && store_remove_message(store, mid, &f) && store_commit(store, &f));
}

static void end_move_split_and_damage(void)
{
    struct spool_record moved = append(2), of_child = append(3);
    end_message(1);
    GOOD(store_begin(store, &f) && store_move_body(store, 2, &moved, &f) && store_commit(store, &f));
    add_row(6, &of_child); /* the MIDs of a split are new */
    end_message(3);
    for (int mid = 1; mid <= 4; mid++) /* 4: damaged, as its row still points there */
        overwrite(&records[mid]);
}

static int backup_to_memory(unsigned *problems)
{
    struct error error = {""};
    int fd = memfd_create("backup", MFD_CLOEXEC);
    struct report report = {.to = open_memstream(&told, &told_size)};
    bool good = backup_write(fd, &report, &error);
    fclose(report.to);
    assert_string_equal(error.text, "");
    GOOD(good);
    *problems = report.problems;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static bool restore_from(int fd, struct error *error)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct report report = {.to = out};
    bool good = restore_read(fd, false, out, &report, error);
    fclose(out);
    if (!good)
        print_message("%s%s\n", text, error->text);
    free(text);
    return good;
}

static void add_mid(void *context, const struct message *m)
{
    *(uint64_t *)context = *(uint64_t *)context * 10 + message_mid(m);
}

/* The MIDs in queue.db as the digits of a number. */
static uint64_t mids(void)
{
    uint64_t digits = 0;
    struct store *s = store_open("queue/queue.db", &f);
    GOOD(s && store_load(s, add_mid, &digits, &f));
    store_close(s);
    return digits;
}

static void what_moves_or_ends_while_a_backup_is_made_is_no_damage(void **state)
{
    (void)state;
    unsigned problems;
    struct error error = {""};
    meanwhile = end_move_split_and_damage;
    int fd = backup_to_memory(&problems);
    assert_int_equal(problems, 1);
    assert_non_null(strstr(told, "the body of MID 4 cannot be read"));
    enter("second");
    GOOD(restore_from(fd, &error));
    assert_int_equal(mids(), 2345);
    struct report report = {.to = fopen("/dev/null", "w")};
    struct check_queue queue = {.path = "queue/queue.db", .spool = "queue/spool"};
    check_queue(&report, &queue);
    fclose(report.to);
    assert_int_equal(report.problems, 1); /* MID 4 */
    assert_int_equal(queue.bodies, 4);
    close(fd);
}

static void what_moves_or_ends_during_a_check_is_no_problem(void **state)
{
    (void)state;
    struct report report = {.to = open_memstream(&told, &told_size)};
    struct check_queue queue = {.path = "queue/queue.db", .spool = "queue/spool", .live = true};
    meanwhile = end_move_split_and_damage;
    check_queue(&report, &queue);
    fclose(report.to);
    assert_int_equal(report.problems, 1);
    assert_non_null(strstr(told, "the body of MID 4 is not what was written"));
}

static bool has_stores(void)
{
    return access("config/config.db", F_OK) == 0 || access("queue/queue.db", F_OK) == 0 ||
           access("queue/spool/00000001.seg", F_OK) == 0 || access("queue/restore.partial", F_OK) == 0 ||
           access("config/restore.partial", F_OK) == 0;
}

static void a_restore_that_cannot_be_put_into_place_leaves_nothing(void **state)
{
    (void)state;
    unsigned problems;
    int fd = backup_to_memory(&problems);
    assert_int_equal(problems, 0);
    enter("second");
    for (int works = 0; works < 3; works++) {
        struct error error;
        renames_left = works;
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_false(restore_from(fd, &error));
        assert_false(has_stores());
        renames_left = -1;
    }
    struct error error;
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    GOOD(restore_from(fd, &error));
    assert_int_equal(mids(), 12345);
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_moves_or_ends_while_a_backup_is_made_is_no_damage),
        TEST(what_moves_or_ends_during_a_check_is_no_problem),
        TEST(a_restore_that_cannot_be_put_into_place_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
