UNIT_TESTS += test_shell test_reader
test_shell_SOURCES = tests/unit/test_shell.c shell/words.c
test_shell_LDADD = $(TEST_LIBS)
test_reader_SOURCES = tests/unit/test_reader.c shell/reader.c shell/interrupt.c
test_reader_LDADD = $(TEST_LIBS)

# The shell with commands of its own; tests/system/test_shell_channels.py plays the daemon.
check_PROGRAMS += shell_probe
shell_probe_SOURCES = tests/unit/shell_probe.c shell/main.c $(shell_sources)
shell_probe_CPPFLAGS = $(mailward_CPPFLAGS)
shell_probe_LDADD = $(mailward_LDADD)
