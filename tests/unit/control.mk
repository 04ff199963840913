# Unit tests of the control socket.
UNIT_TESTS += test_permit
test_permit_SOURCES = tests/unit/test_permit.c daemon/control/permit.c
test_permit_LDADD = $(TEST_LIBS)
