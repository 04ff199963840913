# Unit tests of scan and judge.
UNIT_TESTS += test_scan test_judge
test_scan_SOURCES = tests/unit/test_scan.c
test_scan_LDADD = $(TEST_LIBS)
test_judge_SOURCES = tests/unit/test_judge.c
test_judge_LDADD = $(TEST_LIBS)
