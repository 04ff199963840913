# Fuzz target of what other engines answer.
noinst_PROGRAMS += fuzz_peers
fuzz_peers_SOURCES = %D%/fuzz_peers.c
fuzz_peers_LDADD = libengine.a $(JANSSON_LIBS)
fuzz_peers_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
