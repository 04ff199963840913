# Fuzz target of examples to learn from.
noinst_PROGRAMS += fuzz_learned
fuzz_learned_SOURCES = %D%/fuzz_learned.c
fuzz_learned_LDADD = libengine.a $(PCRE2_LIBS)
fuzz_learned_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
