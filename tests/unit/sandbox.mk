UNIT_TESTS += test_sandbox
test_sandbox_SOURCES = tests/unit/test_sandbox.c
test_sandbox_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
test_sandbox_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
