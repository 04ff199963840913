# Unit tests of smtp.
UNIT_TESTS += test_smtp test_smtp_data
test_smtp_SOURCES = tests/unit/test_smtp.c
test_smtp_LDADD = $(TEST_LIBS)
test_smtp_data_SOURCES = tests/unit/test_smtp_data.c
test_smtp_data_LDADD = $(TEST_LIBS)
