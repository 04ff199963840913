# Fuzz target of the judge's wire forms and of the model file.
FUZZ_TARGETS += fuzz_judge
fuzz_judge_SOURCES = %D%/fuzz_judge.c
fuzz_judge_LDADD = $(FUZZ_LIBS) libengine.a $(SCAN_LIBS)
fuzz_judge_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
