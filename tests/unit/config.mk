# Unit tests of what can be configured and of the configuration itself.
UNIT_TESTS += test_cluster test_schema test_config_table test_config_tree test_candidate test_config_check test_config_json test_listeners
test_schema_SOURCES = tests/unit/test_schema.c
test_schema_LDADD = $(TEST_LIBS)
test_config_table_SOURCES = tests/unit/test_config_table.c
test_config_table_LDADD = $(TEST_LIBS)
test_config_json_SOURCES = tests/unit/test_config_json.c tests/unit/config_fixture.h
test_config_json_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_config_json_LDADD = $(TEST_LIBS) $(JANSSON_LIBS)
test_cluster_SOURCES = tests/unit/test_cluster.c tests/unit/config_fixture.h
test_cluster_LDADD = $(TEST_LIBS)
test_config_tree_SOURCES = tests/unit/test_config_tree.c tests/unit/config_fixture.h
test_config_tree_LDADD = $(TEST_LIBS)
test_candidate_SOURCES = tests/unit/test_candidate.c tests/unit/config_fixture.h
test_candidate_LDADD = $(TEST_LIBS)
test_config_check_SOURCES = tests/unit/test_config_check.c tests/unit/config_fixture.h
test_config_check_LDADD = $(TEST_LIBS)
test_listeners_SOURCES = tests/unit/test_listeners.c tests/unit/config_fixture.h
test_listeners_LDADD = $(TEST_LIBS)

# Configuration files: the writer of control, the reader of the shell, the encryption between them.
UNIT_TESTS += test_config_xml test_config_secrets
test_config_xml_SOURCES = tests/unit/test_config_xml.c tests/unit/config_fixture.h commands/config_reader.c commands/config_elements.c \
	commands/config_values.c
test_config_xml_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(EXPAT_CFLAGS)
test_config_xml_LDADD = $(TEST_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)
test_config_secrets_SOURCES = tests/unit/test_config_secrets.c daemon/control/config_secrets.c daemon/control/secret_key.c
test_config_secrets_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
test_config_secrets_LDADD = $(TEST_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
