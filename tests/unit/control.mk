# Unit tests of the control socket.
UNIT_TESTS += test_permit
test_permit_SOURCES = tests/unit/test_permit.c daemon/control/permit.c
test_permit_LDADD = $(TEST_LIBS)

# The sessions are real, what is behind them is played by the test.
CONTROL_SHELL = tests/unit/control_shell.c tests/unit/control_shell.h $(control_session_sources)
UNIT_TESTS += test_control test_control_config
test_control_SOURCES = tests/unit/test_control.c $(CONTROL_SHELL)
test_control_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS)
test_control_config_SOURCES = tests/unit/test_control_config.c $(CONTROL_SHELL)
test_control_config_CPPFLAGS = $(mailwardd_control_CPPFLAGS)
test_control_config_LDADD = $(TEST_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(PCRE2_LIBS)
