# Fuzz target of the spamd protocol.
noinst_PROGRAMS += fuzz_spamd
fuzz_spamd_SOURCES = %D%/fuzz_spamd.c
fuzz_spamd_LDADD = libengine.a
fuzz_spamd_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
