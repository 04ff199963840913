UNIT_TESTS += test_sandbox test_scan_pool
test_sandbox_SOURCES = tests/unit/test_sandbox.c
test_sandbox_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_sandbox_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
test_scan_pool_SOURCES = tests/unit/test_scan_pool.c $(scan_pool_sources)
test_scan_pool_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_scan_pool_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
