# Unit tests of signatures and of what is signed.
UNIT_TESTS += test_trust
test_trust_SOURCES = tests/unit/test_trust.c
test_trust_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
test_trust_LDADD = $(TEST_LIBS) $(CRYPTO_LIBS)
