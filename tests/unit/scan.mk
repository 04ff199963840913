# Unit tests of scan, judge and the offline tools.
UNIT_TESTS += test_scan test_judge
test_scan_SOURCES = tests/unit/test_scan.c
test_scan_LDADD = $(TEST_LIBS)
test_judge_SOURCES = tests/unit/test_judge.c
test_judge_LDADD = $(TEST_LIBS)
UNIT_TESTS += test_tools
test_tools_SOURCES = tests/unit/test_tools.c tools/mail_files.c tools/train_measure.c
test_tools_LDADD = $(TEST_LIBS)
