# Unit tests of what can be configured and of the configuration itself.
UNIT_TESTS += test_schema
test_schema_SOURCES = tests/unit/test_schema.c
test_schema_LDADD = $(TEST_LIBS)
