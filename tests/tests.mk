# Unit tests: one cmocka program per module, test_NAME from tests/unit/test_NAME.c.
UNIT_TESTS =
TEST_LIBS = libengine.a $(CMOCKA_LIBS)
if HAVE_CMOCKA
include tests/unit/base.mk
include tests/unit/daemon.mk
include tests/unit/mime.mk
include tests/unit/scan.mk
include tests/unit/smtp.mk
include tests/unit/queue.mk
include tests/unit/sandbox.mk
check_PROGRAMS += $(UNIT_TESTS)
endif
EXTRA_DIST += tests/fuzz/fuzz_mime.dict
if FUZZING
include tests/fuzz/judge.mk
include tests/fuzz/mime.mk
endif
