# Fuzz target of the judge's wire forms and of the model file.
noinst_PROGRAMS += fuzz_judge
fuzz_judge_SOURCES = %D%/fuzz_judge.c
fuzz_judge_LDADD = libengine.a $(SCAN_LIBS)
fuzz_judge_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
