# Fuzz target of what other engines answer.
FUZZ_TARGETS += fuzz_peers
fuzz_peers_SOURCES = %D%/fuzz_peers.c
fuzz_peers_LDADD = $(FUZZ_LIBS) libengine.a $(JANSSON_LIBS)
fuzz_peers_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
