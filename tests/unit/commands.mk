# Commands and their dialogues against a scripted shell.
COMMAND_TEST_SOURCES = tests/unit/fake_shell.c tests/unit/fake_shell.h tests/unit/shell_fixture.h
COMMAND_TEST_LIBS = libcommands.a $(TEST_LIBS) $(JANSSON_LIBS) $(EXPAT_LIBS)

UNIT_TESTS += test_commands
test_commands_SOURCES = tests/unit/test_commands.c $(COMMAND_TEST_SOURCES)
test_commands_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_commands_LDADD = $(COMMAND_TEST_LIBS)

UNIT_TESTS += test_dialogues
test_dialogues_SOURCES = tests/unit/test_dialogues.c $(COMMAND_TEST_SOURCES)
test_dialogues_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_dialogues_LDADD = $(COMMAND_TEST_LIBS)

UNIT_TESTS += test_queue_dialogues
test_queue_dialogues_SOURCES = tests/unit/test_queue_dialogues.c $(COMMAND_TEST_SOURCES)
test_queue_dialogues_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_queue_dialogues_LDADD = $(COMMAND_TEST_LIBS)

UNIT_TESTS += test_relay_dialogues
test_relay_dialogues_SOURCES = tests/unit/test_relay_dialogues.c $(COMMAND_TEST_SOURCES)
test_relay_dialogues_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_relay_dialogues_LDADD = $(COMMAND_TEST_LIBS)
UNIT_TESTS += test_alert_dialogues
test_alert_dialogues_SOURCES = tests/unit/test_alert_dialogues.c $(COMMAND_TEST_SOURCES)
test_alert_dialogues_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_alert_dialogues_LDADD = $(COMMAND_TEST_LIBS)
UNIT_TESTS += test_complete
test_complete_SOURCES = tests/unit/test_complete.c $(COMMAND_TEST_SOURCES)
test_complete_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_complete_LDADD = $(COMMAND_TEST_LIBS)

UNIT_TESTS += test_file_dialogues
test_file_dialogues_SOURCES = tests/unit/test_file_dialogues.c $(COMMAND_TEST_SOURCES)
test_file_dialogues_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
test_file_dialogues_LDADD = $(COMMAND_TEST_LIBS)
