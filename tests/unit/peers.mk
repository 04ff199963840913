# Unit tests of other engines' verdicts.
UNIT_TESTS += test_judge_multiscan test_peers test_spamd_response
test_peers_SOURCES = tests/unit/test_peers.c
test_peers_LDADD = $(TEST_LIBS) $(JANSSON_LIBS)
test_spamd_response_SOURCES = tests/unit/test_spamd_response.c
test_spamd_response_LDADD = $(TEST_LIBS)
test_judge_multiscan_SOURCES = tests/unit/test_judge_multiscan.c
test_judge_multiscan_LDADD = $(TEST_LIBS) $(SCAN_LIBS)
