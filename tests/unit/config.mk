# Unit tests of what can be configured and of the configuration itself.
UNIT_TESTS += test_schema
test_schema_SOURCES = tests/unit/test_schema.c
test_schema_LDADD = $(TEST_LIBS)
UNIT_TESTS += test_config_table
test_config_table_SOURCES = tests/unit/test_config_table.c
test_config_table_LDADD = $(TEST_LIBS)
