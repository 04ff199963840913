# Unit tests of signatures and of what is signed.
UNIT_TESTS += test_trust test_package
test_trust_SOURCES = tests/unit/test_trust.c
test_trust_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
test_trust_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS)
test_package_SOURCES = tests/unit/test_package.c daemon/offline/package_key.c daemon/offline/package_key.h
test_package_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
test_package_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS)
UNIT_TESTS += test_feature_key
test_feature_key_SOURCES = tests/unit/test_feature_key.c daemon/offline/package_key.c daemon/offline/package_key.h
test_feature_key_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
test_feature_key_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS)
UNIT_TESTS += test_update_files
test_update_files_SOURCES = tests/unit/test_update_files.c daemon/control/update_files.c daemon/control/update_files.h \
	daemon/control/update_doubts.c daemon/control/update_doubts.h daemon/failpoint.c daemon/log_lines.c \
	daemon/offline/package_key.c daemon/offline/package_key.h
test_update_files_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
test_update_files_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS) -ldl
UNIT_TESTS += test_update_run
test_update_run_SOURCES = tests/unit/test_update_run.c tests/unit/folder_fixture.h \
	daemon/control/update_run.c daemon/control/update_run.h daemon/control/update_trial.c daemon/control/update_trial.h \
	daemon/control/update_files.c daemon/control/update_files.h daemon/control/update_doubts.c \
	daemon/control/update_doubts.h daemon/failpoint.c daemon/log_lines.c daemon/memory_file.c \
	daemon/offline/package_key.c daemon/offline/package_key.h
test_update_run_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS)
test_update_run_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS)
