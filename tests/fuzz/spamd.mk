# Fuzz target of the spamd protocol.
FUZZ_TARGETS += fuzz_spamd
fuzz_spamd_SOURCES = %D%/fuzz_spamd.c
fuzz_spamd_LDADD = $(FUZZ_LIBS) libengine.a
fuzz_spamd_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
