# Fuzz target of examples to learn from.
FUZZ_TARGETS += fuzz_learned
fuzz_learned_SOURCES = %D%/fuzz_learned.c
fuzz_learned_LDADD = $(FUZZ_LIBS) libengine.a $(SCAN_LIBS)
fuzz_learned_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
