UNIT_TESTS += test_channel test_log test_settings
test_channel_SOURCES = tests/unit/test_channel.c
test_channel_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_channel_LDADD = libdaemon.a $(TEST_LIBS) $(EVENT_LIBS)
test_log_SOURCES = tests/unit/test_log.c daemon/log/reorder.c daemon/log/log_file.c
test_log_LDADD = libdaemon.a $(TEST_LIBS)
test_settings_SOURCES = tests/unit/test_settings.c
test_settings_LDADD = $(TEST_LIBS)
