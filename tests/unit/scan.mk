# Unit tests of scan, judge and the offline programs.
UNIT_TESTS += test_scan test_judge test_judge_graymail test_judge_wire test_judge_resolve
test_scan_SOURCES = tests/unit/test_scan.c
test_scan_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_judge_SOURCES = tests/unit/test_judge.c tests/unit/judge_fixture.h
test_judge_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_judge_graymail_SOURCES = tests/unit/test_judge_graymail.c tests/unit/judge_fixture.h
test_judge_graymail_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_judge_wire_SOURCES = tests/unit/test_judge_wire.c
test_judge_wire_LDADD = $(TEST_LIBS)
test_judge_resolve_SOURCES = tests/unit/test_judge_resolve.c
test_judge_resolve_LDADD = $(TEST_LIBS)
UNIT_TESTS += test_offline
test_offline_SOURCES = tests/unit/test_offline.c daemon/offline/mail_files.c daemon/offline/train_measure.c \
	daemon/offline/train_report.c
test_offline_LDADD = $(TEST_LIBS)
UNIT_TESTS += test_domains test_known_senders test_literals test_rules
test_domains_SOURCES = tests/unit/test_domains.c tests/unit/view_fixture.h
test_domains_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_known_senders_SOURCES = tests/unit/test_known_senders.c tests/unit/complaints_fixture.h tests/unit/view_fixture.h
test_known_senders_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_literals_SOURCES = tests/unit/test_literals.c
test_literals_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
test_literals_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
test_rules_SOURCES = tests/unit/test_rules.c tests/unit/complaints_fixture.h tests/unit/view_fixture.h
test_rules_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
