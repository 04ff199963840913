UNIT_TESTS += test_channel test_log test_tracking test_settings test_ports test_counters
test_channel_SOURCES = tests/unit/test_channel.c
test_channel_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_channel_LDADD = libdaemon.a $(TEST_LIBS) $(EVENT_LIBS)
test_log_SOURCES = tests/unit/test_log.c daemon/log/reorder.c daemon/log/log_file.c
test_log_LDADD = libdaemon.a $(TEST_LIBS)
UNIT_TESTS += test_subscription
test_subscription_SOURCES = tests/unit/test_subscription.c tests/unit/folder_fixture.h daemon/log/subscription.c daemon/log/syslog.c \
	daemon/log/log_file.c
test_subscription_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_subscription_LDADD = libdaemon.a $(TEST_LIBS)
test_settings_SOURCES = tests/unit/test_settings.c
test_settings_LDADD = $(TEST_LIBS)
test_tracking_SOURCES = tests/unit/test_tracking.c daemon/log/store_tracking.c
test_tracking_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
test_tracking_LDADD = libdaemon.a $(TEST_LIBS) $(SQLITE_LIBS)
UNIT_TESTS += test_store_database
test_store_database_SOURCES = tests/unit/test_store_database.c tests/unit/folder_fixture.h
test_store_database_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
test_store_database_LDADD = libdaemon.a $(TEST_LIBS) $(SQLITE_LIBS)
test_ports_SOURCES = tests/unit/test_ports.c daemon/master/ports.c daemon/master/sockets.c
test_ports_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_ports_LDADD = libdaemon.a $(TEST_LIBS) $(EVENT_LIBS)
test_counters_SOURCES = tests/unit/test_counters.c daemon/log/counters.c daemon/log/rates.c \
	daemon/log/store_counters.c
test_counters_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS)
test_counters_LDADD = libdaemon.a $(TEST_LIBS) $(SQLITE_LIBS)
