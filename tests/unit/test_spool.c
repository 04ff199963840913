/* The spool: what is synced is there, what failed is refused, what is damaged is seen, what is dead is reused. */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/queue/spool.h"
#include "engine/base/buf.h"
#include "tests/unit/folder_fixture.h"

enum { SEGMENT = 1024 * 1024 };

static char folder[64];
static bool sync_fails, folder_sync_fails, disk_nearly_full, writes_fail;
static int syncs;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    syncs++;
    if (!sync_fails)
        return __real_fdatasync(fd);
    errno = EIO;
    return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (!folder_sync_fails)
        return __real_fsync(fd);
    errno = EIO;
    return -1;
}

ssize_t __real_pwritev(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int count, off_t offset);
ssize_t __wrap_pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    if (!writes_fail)
        return __real_pwritev(fd, parts, count, offset);
    errno = ENOSPC;
    return -1;
}

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    return disk_nearly_full ? ENOSPC : __real_posix_fallocate(fd, offset, size);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_spool.XXXXXX");
    sync_fails = folder_sync_fails = disk_nearly_full = writes_fail = false;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return folder_remove(folder);
}

static struct spool *open_spool(void)
{
    struct fault f;
    struct spool *sp = spool_open(folder, SEGMENT, &f);
    assert_non_null(sp);
    return sp;
}

static bool collect(void *context, struct span piece)
{
    buf_append_span(context, piece);
    return true;
}

static void assert_body(struct spool *sp, const struct spool_record *record, struct span body)
{
    struct buf bytes = {0};
    assert_int_equal(spool_read(sp, record, collect, &bytes), SPOOL_GOOD);
    assert_true(span_equal(buf_span(&bytes), body));
    buf_free(&bytes);
}

static enum spool_result read_result(struct spool *sp, const struct spool_record *record)
{
    struct buf bytes = {0};
    enum spool_result result = spool_read(sp, record, collect, &bytes);
    buf_free(&bytes);
    return result;
}

static struct spool_record append(struct spool *sp, uint64_t mid, struct span body)
{
    struct spool_record record;
    struct fault f;
    assert_true(spool_append(sp, mid, body, &record, &f));
    return record;
}

static void sync_good(struct spool *sp)
{
    struct fault f;
    assert_true(spool_sync(sp, &f));
}

static struct span filled(size_t size)
{
    static char bytes[SEGMENT];
    memset(bytes, 'x', size);
    return span_of(bytes, size);
}

static void what_is_appended_is_read_back_after_a_restart(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record one = append(sp, 1, SPAN("first\r\n")), two = append(sp, 2, SPAN(""));
    sync_good(sp);
    struct spool_record three = append(sp, 3, SPAN("third\r\n"));
    sync_good(sp);
    spool_close(sp);
    sp = open_spool();
    spool_keep(sp, &one);
    spool_tidy(sp);
    assert_body(sp, &one, SPAN("first\r\n"));
    assert_body(sp, &two, SPAN(""));
    assert_body(sp, &three, SPAN("third\r\n"));
    spool_close(sp);
}

static void a_batch_costs_one_sync_and_never_touches_a_synced_page(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    append(sp, 1, SPAN("a"));
    struct spool_record last = append(sp, 2, SPAN("b"));
    syncs = 0;
    sync_good(sp);
    assert_int_equal(syncs, 1);
    struct spool_record next = append(sp, 3, SPAN("c"));
    assert_true(next.offset / 4096 > last.offset / 4096);
    syncs = 0;
    sync_good(sp);
    sync_good(sp);
    assert_int_equal(syncs, 1);
    spool_close(sp);
}

static void a_segment_whose_sync_failed_is_not_appended_to_again(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record kept = append(sp, 1, SPAN("kept"));
    sync_good(sp);
    spool_keep(sp, &kept);
    append(sp, 2, SPAN("refused"));
    sync_fails = true;
    struct fault f;
    assert_false(spool_sync(sp, &f));
    assert_int_equal(f.kind, FAULT_IO);
    spool_rollback(sp);
    sync_fails = false;
    struct spool_record next = append(sp, 3, SPAN("next"));
    sync_good(sp);
    assert_int_not_equal(next.segment, kept.segment);
    assert_body(sp, &kept, SPAN("kept"));
    spool_close(sp);
}

static void a_rolled_back_batch_leaves_no_trace(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record one = append(sp, 1, SPAN("refused"));
    spool_rollback(sp);
    struct spool_record two = append(sp, 2, SPAN("taken"));
    assert_int_equal(one.segment, two.segment);
    assert_int_equal(one.offset, two.offset);
    spool_close(sp);
}

/* Writes over one byte of a segment file. */
static void damage(const struct spool_record *record, uint64_t offset)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%08u.seg", folder, record->segment);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "!", 1, (off_t)(record->offset + offset)), 1);
    close(fd);
}

static void a_damaged_record_is_recognised(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record body = append(sp, 1, SPAN("a body")), header = append(sp, 2, SPAN("another")),
                        cut = append(sp, 3, SPAN("last"));
    sync_good(sp);
    damage(&body, SPOOL_HEADER_BYTES + 2);
    damage(&header, 0);
    cut.length++;
    assert_int_equal(read_result(sp, &body), SPOOL_DAMAGED);
    assert_int_equal(read_result(sp, &header), SPOOL_DAMAGED);
    assert_int_equal(read_result(sp, &cut), SPOOL_DAMAGED);
    struct spool_record missing = {.segment = 77, .length = 1};
    assert_int_equal(read_result(sp, &missing), SPOOL_DAMAGED);
    spool_close(sp);
}

static void dead_segments_are_used_again_under_new_numbers(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record records[8];
    for (uint64_t i = 0; i < 8; i++) {
        records[i] = append(sp, i + 1, filled(SEGMENT - 8192));
        sync_good(sp);
        spool_keep(sp, &records[i]);
    }
    assert_int_equal(spool_figures(sp).segments, 8);
    for (uint64_t i = 0; i < 7; i++)
        spool_release(sp, &records[i]);
    spool_tidy(sp);
    assert_int_equal(spool_figures(sp).segments, 3); /* the current one and two spares */
    struct spool_record next = append(sp, 9, filled(SEGMENT - 8192));
    sync_good(sp);
    assert_true(next.segment > records[7].segment);
    assert_int_equal(spool_figures(sp).segments, 3);
    assert_int_equal(read_result(sp, &records[5]), SPOOL_DAMAGED);
    spool_close(sp);
}

static void a_large_message_streams_to_a_segment_that_ends_with_it(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct fault f;
    struct spool_stream *st = spool_stream_open(sp, &f);
    assert_non_null(st);
    for (int i = 0; i < 3; i++)
        assert_true(spool_stream_write(st, filled(SEGMENT), &f));
    struct spool_record record;
    assert_true(spool_stream_finish(st, 1, &record, &f));
    spool_rollback(sp); /* and the same commit again, without what made it fail */
    assert_true(spool_stream_finish(st, 1, &record, &f));
    sync_good(sp);
    spool_keep(sp, &record);
    spool_stream_close(st);
    spool_tidy(sp);
    assert_int_equal(record.length, 3 * SEGMENT);
    assert_int_equal(read_result(sp, &record), SPOOL_GOOD);
    spool_release(sp, &record);
    spool_tidy(sp);
    assert_int_equal(spool_figures(sp).segments, 0);
    spool_close(sp);
}

static void a_stream_that_saw_the_folder_sync_fail_is_refused(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct fault f;
    struct spool_stream *st = spool_stream_open(sp, &f);
    assert_true(spool_stream_write(st, filled(1000), &f));
    append(sp, 2, SPAN("refused"));
    folder_sync_fails = true;
    assert_false(spool_sync(sp, &f));
    spool_rollback(sp);
    folder_sync_fails = false;
    struct spool_record record;
    assert_false(
        spool_stream_finish(st, 1, &record, &f)); /* a second fsync would only say that all is well */
    spool_stream_abort(st);
    spool_close(sp);
}

static void an_aborted_stream_is_gone(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct fault f;
    struct spool_stream *st = spool_stream_open(sp, &f);
    assert_true(spool_stream_write(st, filled(1000), &f));
    spool_stream_abort(st);
    assert_int_equal(spool_figures(sp).segments, 0);
    spool_close(sp);
}

static void a_disk_without_room_for_a_segment_still_takes_what_fits(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    disk_nearly_full = true;
    struct spool_record one = append(sp, 1, SPAN("one")), two = append(sp, 2, SPAN("two"));
    sync_good(sp);
    spool_keep(sp, &one);
    spool_keep(sp, &two);
    spool_tidy(sp);
    assert_body(sp, &one, SPAN("one"));
    assert_body(sp, &two, SPAN("two"));
    spool_close(sp);
}

static void a_full_disk_is_told_as_lack_of_space(void **state)
{
    (void)state;
    struct fault f;
    struct spool *sp = open_spool();
    struct spool_record record;
    disk_nearly_full = writes_fail = true;
    assert_false(spool_append(sp, 1, SPAN("x"), &record, &f));
    assert_int_equal(f.kind, FAULT_SPACE);
    assert_int_equal(spool_figures(sp).segments, 0);
    spool_close(sp);
}

static void sparse_segments_are_named_only_when_there_are_many(void **state)
{
    (void)state;
    struct spool *sp = open_spool();
    struct spool_record records[6], small[6];
    for (uint64_t i = 0; i < 6; i++) {
        small[i] = append(sp, 10 + i, SPAN("small"));
        records[i] = append(sp, i + 1, filled(SEGMENT - 16384));
        sync_good(sp);
        spool_keep(sp, &small[i]);
        spool_keep(sp, &records[i]);
    }
    assert_int_equal(spool_sparse_segment(sp), 0);
    spool_release(sp, &records[2]);
    assert_int_equal(spool_sparse_segment(sp), records[2].segment);
    spool_leave_segment(sp, records[2].segment);
    assert_int_equal(spool_sparse_segment(sp), 0);
    spool_close(sp);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_read_back_after_a_restart),
        TEST(a_batch_costs_one_sync_and_never_touches_a_synced_page),
        TEST(a_segment_whose_sync_failed_is_not_appended_to_again),
        TEST(a_rolled_back_batch_leaves_no_trace),
        TEST(a_damaged_record_is_recognised),
        TEST(dead_segments_are_used_again_under_new_numbers),
        TEST(a_large_message_streams_to_a_segment_that_ends_with_it),
        TEST(a_stream_that_saw_the_folder_sync_fail_is_refused),
        TEST(an_aborted_stream_is_gone),
        TEST(a_disk_without_room_for_a_segment_still_takes_what_fits),
        TEST(a_full_disk_is_told_as_lack_of_space),
        TEST(sparse_segments_are_named_only_when_there_are_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
