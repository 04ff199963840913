/* The scan role's side of updates, with a pool that is played: a generation is ready, or refused, when the test says so. */
#ifndef TESTS_SCAN_UPDATES_FIXTURE_H
#define TESTS_SCAN_UPDATES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/protocol.h"
#include "daemon/scan/updates.h"
#include "engine/base/buf.h"

struct updates_scene {
    struct buf calls;   /* of the pool, and answers to control: "prepare " "apply " "answer 1: why. " */
    struct buf in_use;  /* as the log has it */
    struct buf lessons; /* the latest line of the log about what was learned */
    bool cannot_prepare, was_late;
    uint32_t examples; /* with which it was last prepared */
    char why[200];     /* of the last answer */
};
extern struct updates_scene t;
extern const struct updates_pool played_pool;

/* A log of what happened since the last call, and which rules are said to be in use. */
void expect(const char *calls);
void expect_in_use(unsigned rules);

/* What control sends. */
void say(uint16_t type, uint32_t id);
bool send_bytes(uint8_t component, struct span bytes);
void send_rules(unsigned version);
void send_rules_of_minute(unsigned version, unsigned minute);
void say_examples(uint32_t count, const char *bytes);

/* What was prepared last is ready. */
void ready(void);
/* A configuration comes and is taken. */
void configure(void);
void configure_with(bool learns);
/* The first configuration is prepared, with rules 3 and one example. */
void begin_first(void);

/* Of each test, and of all. */
int begin(void **state);
int end(void **state);
int make_files(void **state);
int remove_files(void **state);

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
