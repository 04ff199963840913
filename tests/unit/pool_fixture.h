/* What the tests of the scan pool share: a pool with real processes, what it said, and its children. */
#ifndef TESTS_POOL_FIXTURE_H
#define TESTS_POOL_FIXTURE_H

#include <event2/event.h>
#include <sys/types.h>

#include "daemon/scan/pool.h"

#define GOOD "Subject: hello\r\n\r\nNothing wrong here.\r\n"
#define CRASH "Subject: hello\r\nX-Mailward-Test: crash\r\n\r\n.\r\n"
#define HANG "Subject: hello\r\nX-Mailward-Test: hang\r\n\r\n.\r\n"

/* What the pool of the running test has said. */
struct pool_fixture {
    struct event_base *base;
    struct buf model_file;
    struct scan_model *model;
    struct pool *pool;
    unsigned results, crashes, expected;
    uint64_t crashed_mid;
    char stage[64], cause[64], report[100];
    struct buf last_result;
    uint64_t revision_of[64]; /* by MID */
    unsigned place_of[64];    /* by MID: how many results came before */
    unsigned answers;         /* to prepares */
    struct error refusal;     /* of the last; "" when it was none */
};

extern struct pool_fixture t;

/* A pool without a generation. */
void pool_make(void);
/* Setup: a pool that runs revision 1.  Teardown. */
int pool_begin(void **state);
int pool_end(void **state);

/* A time-out of one second, test hooks, all else as it is by default. */
struct runtime make_runtime(void);
void begin_to_prepare(const struct runtime *rt);
void await_prepared(void);
/* Both. */
void prepare(const struct runtime *rt);
void apply(uint64_t revision);

int memfd_of(const char *text, bool sealed);
void submit_to(uint64_t mid, int fd, bool alone, uint32_t recipient_count);
void submit(uint64_t mid, const char *text);
/* Not of the queue: only its score is wanted. */
void submit_of_other(uint64_t mid, const char *text);

/* Until there are so many results and crashes in all; fails, rather than waits for ever. */
void run_until(unsigned answers);
/* For a moment, with nothing expected. */
void run_a_while(void);

/* A child process of ours by the name that it gave itself, or 0. */
pid_t find_child(const char *name);
/* The child that was made last, whatever its name is by now. */
pid_t youngest_child(void);
/* Waits until so many are there. */
void expect_children_named(const char *name, unsigned count);

#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, pool_begin, pool_end)

#endif
