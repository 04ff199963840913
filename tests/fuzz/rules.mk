# Fuzz target of the rule language and of the pass.
FUZZ_TARGETS += fuzz_rules
fuzz_rules_SOURCES = %D%/fuzz_rules.c
fuzz_rules_LDADD = $(FUZZ_LIBS) libengine.a $(SCAN_LIBS)
fuzz_rules_LDFLAGS = $(AM_LDFLAGS) $(LIBFUZZER)
