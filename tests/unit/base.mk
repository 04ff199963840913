UNIT_TESTS += test_base
test_base_SOURCES = tests/unit/test_base.c
test_base_LDADD = $(TEST_LIBS)
